"""Step-up by a passkey alone, because it is two factors in one."""

from __future__ import annotations

from functools import partial

from webapp.core.ceremony import Refused
from webapp.core.freshness import BY_PASSKEY
from webapp.flows import prove_passkey
from webapp.flows.prove_passkey import Presented, Proof
from webapp.flows.refresh import Issued
from webapp.flows.step_up import Asked, Proved, pass_step_up, record_failure


def step_up_by_passkey(asked: Asked, presented: Presented) -> tuple[Issued, Proof]:
    """Prove by a passkey of the session's own person that it is still them.

    Raises Refused, SessionOver or DatabaseUnavailable.
    """
    try:
        proof = prove_passkey.check(presented, of=asked.session.user_id)
        use = partial(prove_passkey.use, proof=proof, client=asked.client, now=asked.now)
        return pass_step_up(asked, Proved(BY_PASSKEY, proof.credential_epoch, use)), proof
    except Refused:
        record_failure(asked)
        raise
