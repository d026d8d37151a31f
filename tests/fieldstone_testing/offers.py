"""A small app whose offers need approvals, on which these are specified."""

OFFERS = """
kind: app
name: offers
label: Offers
version: 1.0.0
---
kind: entity
name: offer
label: Offer
fields:
  name: {type: text, required: true, max_length: 100}
  stage: {type: choice}
  amount: {type: integer}
  discount: {type: percent}
  reviewers: {type: references, to: user}
  sponsor: {type: user}
  remark: {type: text}
  secret_remark: {type: text}
---
kind: workflow
name: offer_stage
entity: offer
field: stage
initial: draft
states:
  draft: {label: Draft}
  sent: {label: Sent, time_limit: 5 business days}
  waiting: {label: Waiting, time_limit: if amount > 1000 then 2 hours else 1 month}
  won: {label: Won, final: true}
  lost: {label: Lost, final: true}
transitions:
  send:
    from: draft
    to: sent
    label: Send
    guard: amount > 0
    message: An offer needs an amount.
    ask: [discount, remark, secret_remark]
    approval:
      when: discount > 20
      steps: [{by: manager}]
  win:
    from: [draft, sent, waiting]
    to: won
    label: Win
    approval:
      when: amount > 100
      steps: [{by: =owner.manager}, {by: director, needs: 2}]
  wait:
    from: [draft, sent]
    to: waiting
    label: Wait
    roles: [rep]
    approval: {when: amount > 5000, steps: [{by: =reviewers, needs: all}]}
  lose: {from: "*", to: lost, label: Lose}
  rethink:
    from: [sent, waiting]
    to: draft
    label: Rethink
    approval: {steps: [{by: "=[sponsor, owner.manager]"}]}
---
kind: role
name: rep
label: Rep
entities:
  user: {read: true}
  offer:
    create: true
    read: owner == user or team in user.teams
    update: owner == user
    delete: owner == user
    fields:
      secret_remark: {read: true}
---
kind: role
name: manager
label: Manager
entities:
  user: {read: true}
  offer: {create: true, read: true, update: true, delete: true, fields: {secret_remark: {read: false}}}
---
kind: role
name: director
label: Director
inherits: [manager]
"""
