/** Of a request: what the replica that hands it over says about it, signed. Of an answer: the proof that a replica gave it. */
export const HOP_HEADER = 'x-drawbridge-hop'
/** Of an answer: nothing was done. The key that the request was sent for belongs to another replica, or it was read too late. */
export const NOT_DONE_HEADER = 'x-drawbridge-hop-not-done'
