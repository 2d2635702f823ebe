/** Of a request: what the replica that hands it over says about it, signed. Of an answer: the proof that a replica gave it. */
export const HOP_HEADER = 'x-drawbridge-hop'
/** Of an answer: the key that the request was sent for belongs to another replica. Nothing was done. */
export const NOT_OWNER_HEADER = 'x-drawbridge-hop-not-owner'
