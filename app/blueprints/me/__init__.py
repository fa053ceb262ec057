"""A person's own account: profile, password, second factor, sessions, deputies, tokens, kept texts.

Everything here is about the actor; no id of somebody else gets anywhere.
"""

from flask import Blueprint

bp = Blueprint("me", __name__, url_prefix="/me")
