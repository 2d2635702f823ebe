import type { OwnerKey } from '../../src/replicas/index.ts'

/** What the edge knows of one request; made before anything else, read when its answer has ended. */
export interface Arrival {
  /** Monotonic. */
  readonly startedMs: number
  /** Route pattern, or `undefined` where no route matched. */
  readonly route: string | undefined
  readonly isPublic: boolean
  readonly isMcp: boolean
  /** With replicas: whose workers serve it, while this one does. */
  ownerKey: OwnerKey | undefined
  /** Of its body, arrived so far. */
  bodyBytes: number
  /** Another process of this gateway serves it, counts it and logs it. */
  handedOver: boolean
  /** Set by whoever wrote an audit line about this request: it then needs no line of its own. */
  audited: boolean
  /** Catalogue code of the refusal or fault it was answered with. */
  code: string | undefined
  /** For the log only. */
  reason: string | undefined
}
