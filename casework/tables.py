"""Every table, imported once: for migrations and tests."""

from casework.algorithms.tables import (
    Algorithm,
    AlgorithmEvaluation,
    AlgorithmEvent,
    Assignment,
    ShadowFinding,
    ShadowRun,
)
from casework.audit.tables import AuditEvent
from casework.candidates.tables import Candidate, CandidateEvent, CandidateSighting
from casework.cases.tables import Case, CaseEvent
from casework.counters import ChainHead, Counter
from casework.db import Base
from casework.devices.tables import Approval, CameraCondition, Device, ReferencePicture
from casework.evidence.tables import EvidenceItem, EvidenceSeal
from casework.fixtures.tables import Fixture, HeldBack
from casework.footage.tables import Footage, LookSpan, LookTally, TrackFile, Upload
from casework.hints.tables import HintDecision
from casework.live.tables import LiveDay, LiveLook
from casework.looks.tables import LookFile
from casework.people.tables import Account, SignIn
from casework.places.tables import Shop, Squad, Street, ZoneRevision, ZoneVersion
from casework.plans.tables import LookBudget, LookDue, Plan, WorkerMinute
from casework.privacy.tables import ClearGrant, ClipCopy, PictureRegions
from casework.review.quality_tables import PlantedItem, PlantedLook, QualitySeen, SecondLook
from casework.review.tables import Decision
from casework.rules.tables import RuleSet
from casework.samples.tables import LookSample, SampleDraw, SampleLabel
from casework.streams.tables import Stream, StreamDay
from casework.watches.tables import Watch

__all__ = [
    "Account",
    "Algorithm",
    "AlgorithmEvaluation",
    "AlgorithmEvent",
    "Approval",
    "Assignment",
    "AuditEvent",
    "Base",
    "CameraCondition",
    "Candidate",
    "CandidateEvent",
    "CandidateSighting",
    "Case",
    "CaseEvent",
    "ChainHead",
    "ClearGrant",
    "ClipCopy",
    "Counter",
    "Decision",
    "Device",
    "EvidenceItem",
    "EvidenceSeal",
    "Fixture",
    "Footage",
    "HeldBack",
    "HintDecision",
    "LiveDay",
    "LiveLook",
    "LookBudget",
    "LookDue",
    "LookFile",
    "LookSample",
    "LookSpan",
    "LookTally",
    "PictureRegions",
    "Plan",
    "PlantedItem",
    "PlantedLook",
    "QualitySeen",
    "ReferencePicture",
    "RuleSet",
    "SampleDraw",
    "SampleLabel",
    "SecondLook",
    "ShadowFinding",
    "ShadowRun",
    "Shop",
    "SignIn",
    "Squad",
    "Stream",
    "StreamDay",
    "Street",
    "TrackFile",
    "Upload",
    "Watch",
    "WorkerMinute",
    "ZoneRevision",
    "ZoneVersion",
]
