"""A small app with teams, a workflow and roles of different rights, on which the API is specified."""

DEALS = """
kind: app
name: deals
label: Deals
version: 1.0.0
---
kind: entity
name: customer
label: Customer
fields:
  name: {type: text, required: true, max_length: 100}
  code: {type: text, unique: true, max_length: 40}
  remark: {type: long_text}
  facts: {type: json}
search: [name, code]
---
kind: entity
name: deal
label: Deal
fields:
  name: {type: text, required: true, max_length: 100}
  customer: {type: reference, to: customer, inverse: deals}
  stage: {type: choice, options: [open, won, lost], default: open}
  amount: {type: money}
  quantity: {type: integer}
  close_date: {type: date}
  lost_reason: {type: text}
  margin: {type: decimal, precision: 12, scale: 2}
  doubled: {type: formula, expression: quantity * 2}
search: [name]
---
kind: workflow
name: deal_stage
entity: deal
field: stage
initial: open
states:
  open: {label: Open}
  won: {label: Won, final: true}
  lost: {label: Lost, final: true}
transitions:
  win: {from: open, to: won, label: Win, guard: amount > 0, message: A deal without an amount cannot be won.}
  lose: {from: open, to: lost, label: Lose, ask: [lost_reason]}
  reopen: {from: [won, lost], to: open, label: Reopen, roles: [manager]}
---
kind: role
name: rep
label: Rep
entities:
  customer: {create: true, read: true, update: true, delete: true}
  deal:
    create: true
    read: owner == user or team in user.teams
    update: owner == user
    delete: owner == user
    fields:
      margin: {read: false, update: false}
---
kind: role
name: manager
label: Manager
inherits: [rep]
entities:
  deal: {create: true, read: true, update: true, delete: true}
capabilities: [purge]
---
kind: role
name: guest
label: Guest
entities:
  customer: {read: true}
"""
