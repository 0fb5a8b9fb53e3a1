"""Step-up by a passkey alone, because it is two factors in one."""

from __future__ import annotations

from functools import partial

from webapp.core.ceremony import Refused
from webapp.core.freshness import BY_PASSKEY
from webapp.core.judgement import Judgement
from webapp.core.session import SessionRow
from webapp.core.tokens import Tokens
from webapp.flows import prove_passkey
from webapp.flows.client import Client
from webapp.flows.prove_passkey import Presented, Proof
from webapp.flows.refresh import Issued
from webapp.flows.step_up import Proved, pass_step_up, record_failure


def step_up_by_passkey(
    tokens: Tokens,
    judgement: Judgement,
    session: SessionRow,
    presented: Presented,
    *,
    judged_at: int,
    now: int,
    client: Client,
) -> tuple[Issued, Proof]:
    """Prove by a passkey of the session's own person that it is still them.

    Raises Refused, SessionOver or DatabaseUnavailable.
    """
    try:
        proof = prove_passkey.check(presented, of=session.user_id)
        use = partial(prove_passkey.use, proof=proof, client=client, now=now)
        proved = Proved(BY_PASSKEY, proof.credential_epoch, use)
        return pass_step_up(tokens, judgement, proved, judged_at=judged_at, now=now, client=client), proof
    except Refused:
        record_failure(session, client, now)
        raise
