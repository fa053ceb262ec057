"""The queue of background work: what waits, what gave up, whether anybody works."""

from __future__ import annotations

from flask import g, url_for

from app.audit.trail import record
from app.blueprints.admin.routes import bp
from app.blueprints.admin.saving import press
from app.blueprints.admin.wording import TOPIC_LABELS
from app.extensions import db
from app.outbox import claiming, queries
from app.policy import Action
from app.web.access import requires, the_actor
from app.web.transaction import Answer, show, transactional
from app.words import say


@bp.get("/jobs")
@requires(Action.JOBS_ADMIN)
def jobs() -> Answer:
    queue = queries.queue(db.session(), viewer=the_actor(), now=g.now)
    return show("admin/jobs.html", queue=queue, topics=TOPIC_LABELS)


@bp.post("/jobs/<int:job_id>/retry")
@requires(Action.JOBS_ADMIN)
@transactional
def retry_job(job_id: int) -> Answer:

    def act() -> None:
        message = claiming.retry(db.session(), job_id, now=g.now)
        record(db.session(), the_actor(), "job.retried", message, at=g.now, data={"topic": message.topic})

    return press(act, said=say("任务已放回队列，马上重试。"), otherwise=url_for("admin.jobs"))
