"""What the demo's company sells and how its people talk of it: measuring points for plants and utilities."""

from __future__ import annotations

from collections.abc import Mapping

_LINES = """
FM-120|Flowmeter FM 120, DN 15 to 50|Flow|890
FM-240|Flowmeter FM 240, DN 65 to 200|Flow|2450
FM-400|Clamp-on flowmeter FM 400|Flow|3980
CA-10|Compressed-air meter CA 10|Flow|1190
TS-20|Temperature sensor TS 20, pack of ten|Temperature|640
TS-35|Cold-chain logger TS 35, pack of fifty|Temperature|1850
TC-640|Thermal camera TC 640|Temperature|7900
DP-8|Differential pressure transmitter DP 8|Pressure|720
DP-16|Pressure transmitter DP 16, hygienic|Pressure|1340
VB-3|Vibration sensor VB 3, pack of ten|Condition|2150
VB-9|Bearing monitor VB 9|Condition|3600
AC-2|Acoustic leak finder AC 2|Condition|5400
EM-3|Energy meter EM 3, three-phase|Energy|560
EM-12|Sub-metering panel EM 12|Energy|4200
PL-S|Platform licence, one site, a year|Software|4800
PL-M|Platform licence, up to ten sites, a year|Software|29500
AN-1|Analytics add-on, a year|Software|9600
SVC-C|Calibration on site, a day|Service|1450
SVC-I|Commissioning, a day|Service|1280
SVC-P|Service plan Premium, a year|Service|6900
"""

PRODUCTS: tuple[Mapping[str, str], ...] = tuple(
    dict(zip(("code", "name", "series", "price"), line.split("|"), strict=True))
    for line in _LINES.strip().splitlines()
)

PROJECTS = (
    "Compressed-air metering, {city}",
    "Cold-chain monitoring",
    "Energy sub-metering, phase {n}",
    "Leak detection pilot",
    "Boiler house instrumentation",
    "Bearing monitoring, line {n}",
    "Steam metering retrofit",
    "Dairy line {n} upgrade",
    "Water loss survey, {city}",
    "Gateway roll-out, {n}0 sites",
    "ISO 50001 measuring points",
    "Spare-part frame contract {year}",
    "Service plan renewal {year}",
    "Calibration {year}",
    "Cold store {city}",
    "{city} plant, new hall",
    "{city} pumping stations",
    "Replacement of analogue meters",
    "Vibration pilot on ovens",
    "District heating substations",
    "Clean room monitoring",
    "Analytics for {n} sites",
    "Packaging line {n}, condition monitoring",
    "Platform licence for {n} more sites",
)

POSITIONS = (
    "Plant manager",
    "Head of maintenance",
    "Energy manager",
    "Purchasing manager",
    "Managing director",
    "Quality manager",
    "Automation engineer",
    "Head of operations",
    "Process engineer",
    "Facility manager",
    "Technical buyer",
    "IT lead",
)

COMPETITORS = (
    "Norsk Måling",
    "Hydrosense",
    "Kelvin & Sons",
    "Métrologie Alpine",
    "TriVolt",
    "Delta Instruments",
)

NEXT_STEPS = (
    "Send the revised offer",
    "Call back after their board meeting",
    "Site visit with the engineer",
    "Clarify the interface to their SCADA",
    "Ask for the list of measuring points",
    "Book the demo unit",
    "Get the framework terms from legal",
    "Meet purchasing",
    "Wait for their order number",
    "Agree the delivery weeks",
)

NOTES = (
    "Met at the trade fair; asked for references from the food industry.",
    "They run twelve lines and want to start with two.",
    "A competitor is already on site with one pilot.",
    "The decision needs the signature of the parent company.",
    "Wants prices per **measuring point**, not per device.",
    "Needs ATEX approval for the mixing hall.",
    "Prefers delivery in two lots.",
    "The meters in place were installed in 2009 and drift.",
)

TASKS = (
    "Prepare the offer for {account}",
    "Call {person} about the site visit",
    "Send references to {person}",
    "Check the delivery date for {account}",
    "Invite {person} to the webinar",
    "Update the forecast for {account}",
    "Ask {person} for the order number",
)

CALLS = (
    "First call with {person}",
    "{person}: questions about the offer",
    "Price talk with {person}",
    "{person} asks for a visit",
    "Follow-up with {person}",
)
