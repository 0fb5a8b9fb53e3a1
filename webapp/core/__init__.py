"""The pure heart: no Flask, no database, no environment, no clock of its own.

States, rows and times come in as arguments; answers go out. Read it in this order, each file resting on those before:

    session     the row: one login on one device
    standing    what the row says of a refresh token
    decision    the four cases and the two matrices
    claims      what a token says, and the verifier's verdict
    rotation    what renews, what confirms, what a request is given
    judgement   two verdicts and a row -> what happens to the request
    jws         a signed token taken apart; the only module that imports PyJWT
    tokens      mint and verify; `remembered` keeps what was found authentic

The others stand by themselves.
"""
