"""The WSGI application, for a server (`wsgi:app`) and for the `flask` command."""

import os
import sys

from app import create_app
from app.errors import DeskError
from app.extensions import runtime
from app.web import logging

# Commands look after missing keys themselves (`flask init` makes them); a web server must not start without.
is_command = os.environ.get("FLASK_RUN_FROM_CLI") == "true"
try:
    app = create_app(lenient=is_command)
except DeskError as refused:
    sys.exit(str(refused.sentence))
if not is_command:
    with app.app_context():
        logging.configure(runtime().settings.log_format)
