/** Several gateways that serve the same users. */
export interface ReplicaSettings {
  /** First part of every session id made here, `[a-z0-9]{1,16}`: what nginx routes by. From DRAWBRIDGE_REPLICA; default 8 random characters. */
  readonly name: string
  /** Where other replicas hand requests over; a listener of its own, never published. */
  readonly listen: { readonly host: string, readonly port: number }
  /** Origin under which the others reach that listener. Default `http://<host>:<port>` of `listen`; needed where it listens on a wildcard. */
  readonly advertise?: string
}
