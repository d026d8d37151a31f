"""An app whose deals have contacts by way of participants, which say in which role somebody takes part."""

PARTICIPANTS = """
kind: app
name: dealing
version: 1.0.0
---
kind: entity
name: deal
fields:
  name: {type: text, required: true}
  stage: {type: choice, options: [open, won], default: open}
  contacts: {type: references, to: contact, through: participant, inverse: deals}
  crowd: {type: formula, expression: count(contacts), stored: true}
  names: {type: formula, expression: 'join(contacts.name, ", ")'}
---
kind: entity
name: contact
fields:
  name: {type: text, required: true}
  city: {type: text}
  won: {type: formula, expression: count(deals where stage == "won"), stored: true}
---
kind: entity
name: participant
title: role
fields:
  deal: {type: reference, to: deal, required: true, on_delete: cascade, inverse: participants}
  contact: {type: reference, to: contact, required: true, on_delete: cascade}
  role: {type: choice, options: [buyer, adviser], default: adviser, required: true}
  note: {type: text, max_length: 20}
---
kind: role
name: rep
entities:
  deal: {create: true, read: true, update: true, delete: true}
  contact: {create: true, read: city != "Secret" or city == null, update: true, delete: true}
  participant:
    create: true
    read: note != "hidden" or note == null
    update: true
    delete: note != "fixed" or note == null
---
kind: role
name: looker
entities:
  deal: {read: true, update: true}
  contact: {read: true}
---
kind: role
name: reader
entities:
  deal: {read: true, update: true}
  contact: {read: true}
  participant: {read: true}
"""

LINK_RIGHTS = """\
  participant:
    create: true
    read: note != "hidden" or note == null
    update: true
    delete: note != "fixed" or note == null
"""
"""The rights that the role `rep` has on links: an app in which they live inside deals has none of its own."""
