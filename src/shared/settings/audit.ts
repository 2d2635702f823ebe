/** Where audit records go, and what happens when they cannot. */
export interface AuditSettings {
  readonly sinks: ReadonlyArray<{ readonly kind: 'log' } | { readonly kind: 'stdout' } | { readonly kind: 'file', readonly path: string } | { readonly kind: 'redis', readonly maxRecords: number }>
  /** `drop` = calls go on and lost records are counted (default); `block` = calls wait, and are refused when the sinks stay away. */
  readonly whenFull: 'drop' | 'block'
  /** Absolute path of an Ed25519 private key in PEM that signs the chain's heads. Absent = made in `stateDir`. */
  readonly keyFile?: string
}
