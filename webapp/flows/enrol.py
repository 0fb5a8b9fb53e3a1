"""The last step of a login whose role needs a factor and has none: set up an app, then begin the session."""

from __future__ import annotations

from sqlalchemy import Connection

from webapp.core.demands import Demands
from webapp.core.errors import FieldError
from webapp.core.freshness import BY_PASSWORD_AND_CODE
from webapp.core.lifetimes import Lifetimes
from webapp.core.sealing import Safe
from webapp.core.session import EndReason, SessionRow
from webapp.core.steps import Step
from webapp.flows.arrival import Arrival
from webapp.flows.end_sessions import end
from webapp.flows.finish_login import go_on, still
from webapp.flows.log_in import Unfinished
from webapp.flows.own_factors import insert_app, prove_new
from webapp.flows.prove_factor import new_codes
from webapp.flows.reseal import belongs_to
from webapp.store import addresses, session_list, users
from webapp.store.database import transact


def enrol_app(
    lifetimes: Lifetimes,
    demands: Demands,
    arrival: Arrival,
    login: Unfinished,
    secret: bytes,
    otp: str,
    *,
    since: int,
    safe: Safe,
) -> tuple[SessionRow, list[str]]:
    """Store the app, end the person's other sessions, begin this one; with ten recovery codes.

    Raises FieldError (`otp` wrong or taken), LoginOver, OtherStep or DatabaseUnavailable.
    """
    now, who = arrival.now, login.user_id
    step = prove_new(secret, otp, now)
    sealed = safe.seal(secret, belongs_to(who))
    shown, hashes = new_codes()

    def work(tx: Connection) -> SessionRow:
        person = still(tx, addresses.lock(tx, who), demands, login, since=since, now=now).person
        insert_app(tx, person, sealed, step, hashes, None, arrival.client, now)
        end(tx, session_list.live_sids(tx, who, now), EndReason.FACTORS, arrival.client, now, by=who)
        users.change_credentials(tx, who)
        raised = person._replace(credential_epoch=person.credential_epoch + 1)
        done = (*login.done, Step.ENROL, Step.FACTOR)
        session = go_on(tx, lifetimes, demands, arrival, raised, done, BY_PASSWORD_AND_CODE)
        if isinstance(session, Unfinished):
            raise FieldError("otp", "taken")
        return session

    return transact(work), shown
