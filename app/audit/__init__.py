"""Who did, saw or exported what: append-only, chained, verifiable."""

from app.audit.chain import Broken, Verified, verify
from app.audit.trail import record

__all__ = ["Broken", "Verified", "record", "verify"]
