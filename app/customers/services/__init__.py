"""What can be done to a customer. Each function: authorize → change → record → publish; none commits."""

from app.customers.given import CustomerChanges, GivenCustomer, GivenPurchase
from app.customers.personal import customer_key
from app.customers.services.catalogue import add_batch, add_product, edit_product, restore_product, retire_product
from app.customers.services.contacts import edit
from app.customers.services.erasure import erase, register_hold, replay
from app.customers.services.exporting import export
from app.customers.services.lookups import Found, keep_match, lookup
from app.customers.services.merging import merge_unknown, register_owner
from app.customers.services.purchases import add_purchase
from app.customers.services.recognition import Recognised, recognise, staff_customer
from app.customers.services.reveals import reveal
from app.customers.services.standing import grow_returning, is_key_customer, set_flag, set_tier

__all__ = [
    "CustomerChanges",
    "Found",
    "GivenCustomer",
    "GivenPurchase",
    "Recognised",
    "add_batch",
    "add_product",
    "add_purchase",
    "customer_key",
    "edit",
    "edit_product",
    "erase",
    "export",
    "grow_returning",
    "is_key_customer",
    "keep_match",
    "lookup",
    "merge_unknown",
    "recognise",
    "register_hold",
    "register_owner",
    "replay",
    "restore_product",
    "retire_product",
    "reveal",
    "set_flag",
    "set_tier",
    "staff_customer",
]
