"""Use cases, one verb a file: plain values in, a result out. Only flows commit; they know no request."""
