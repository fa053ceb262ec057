"""Sealed fields: key rings, data keys, the vault, blind indexes. Knows no customer and no ticket."""

from app.crypto.envelope import Place, key_uid_of
from app.crypto.inspection import SealedFault, check_sealed
from app.crypto.keyring import KeyRing, KeyRingError, Rings, create_missing, load_rings, throwaway_rings
from app.crypto.models import OWNER_CUSTOMER, OWNER_SYSTEM, OWNER_USER, DataKey
from app.crypto.registry import SealedColumn, plain_binary, registry_faults, sealed_column, sealed_columns
from app.crypto.vaults import Opened, OpenedJson, State, Vault, vault

__all__ = [
    "OWNER_CUSTOMER",
    "OWNER_SYSTEM",
    "OWNER_USER",
    "DataKey",
    "KeyRing",
    "KeyRingError",
    "Opened",
    "OpenedJson",
    "Place",
    "Rings",
    "SealedColumn",
    "SealedFault",
    "State",
    "Vault",
    "check_sealed",
    "create_missing",
    "key_uid_of",
    "load_rings",
    "plain_binary",
    "registry_faults",
    "sealed_column",
    "sealed_columns",
    "throwaway_rings",
    "vault",
]
