"""Every table, imported once: for migrations and tests."""

from casework.audit.tables import AuditEvent
from casework.candidates.tables import Candidate, CandidateSighting
from casework.cases.tables import Case, CaseEvent
from casework.counters import ChainHead, Counter
from casework.db import Base
from casework.devices.tables import Approval, Device
from casework.evidence.tables import EvidenceItem, EvidenceSeal
from casework.footage.tables import Footage, LookTally, TrackFile, Upload
from casework.people.tables import Account, SignIn
from casework.places.tables import Shop, Squad, Street, ZoneVersion
from casework.review.tables import Decision

__all__ = [
    "Account",
    "Approval",
    "AuditEvent",
    "Base",
    "Candidate",
    "CandidateSighting",
    "Case",
    "CaseEvent",
    "ChainHead",
    "Counter",
    "Decision",
    "Device",
    "EvidenceItem",
    "EvidenceSeal",
    "Footage",
    "LookTally",
    "Shop",
    "SignIn",
    "Squad",
    "Street",
    "TrackFile",
    "Upload",
    "ZoneVersion",
]
