"""The loop: a ticket from registration through handling and follow-up to its end."""

from app.tickets import written_columns as written_columns
