/** What a client tried. `stray` uses a session after its delete, `trespass` somebody else's session. */
export type Kind = 'open' | 'echo' | 'inc' | 'remote' | 'put' | 'get' | 'list' | 'cancel' | 'delete' | 'stray' | 'trespass' | 'metered'

/**
 * How it ended for its client. `ok`: answered; `clean`: refused, and said not to have run; `unknown`: it may have run; `lost`: no
 * answer, or a connection that broke.
 */
export type Fate = 'ok' | 'clean' | 'unknown' | 'lost'

/** One invoke and its end. Times are monotonic milliseconds since the run began. */
export interface Operation {
  readonly client: string
  readonly era: 'legacy' | 'modern'
  readonly kind: Kind
  /** Of this operation alone. */
  readonly nonce: string
  /** Session id that it used, shortened; absent in the modern era. */
  readonly session?: string | undefined
  readonly startedMs: number
  endedMs?: number
  fate?: Fate
  /** HTTP status or JSON-RPC code, or what broke. */
  detail?: string
  /** Text of the answer. */
  text?: string
  replica?: string
  /** The client was told that the worker's memory is gone, in this answer or by its error. */
  isLossDeclared?: boolean
}

/** Something that was done to the system. */
export interface Disturbance { readonly name: string, readonly target: string, readonly startedMs: number, healedMs?: number }

/** Within this time a replica had no answer from Redis for a decision about limits, and decided alone. */
export interface SlowMoment { readonly fromMs: number, readonly toMs: number }

/** A promise that was not kept. */
export interface Violation { readonly invariant: number, readonly what: string, readonly operation?: Operation }

/** Everything that happened in one run, in the order of its beginnings. */
export class History {
  readonly operations: Operation[] = []
  readonly disturbances: Disturbance[] = []
  readonly slowMoments: SlowMoment[] = []
  readonly violations: Violation[] = []
  readonly #beganMs = performance.now()

  now (): number { return Math.round(performance.now() - this.#beganMs) }

  begin (operation: Pick<Operation, 'client' | 'era' | 'kind' | 'nonce' | 'session'>): Operation {
    const begun = { ...operation, startedMs: this.now() }
    this.operations.push(begun)
    return begun
  }

  violated (invariant: number, what: string, operation?: Operation): void {
    this.violations.push({ invariant, what, ...(operation === undefined ? {} : { operation }) })
  }

  /** What the same client did and what was done to the system from some seconds before an operation until its end, a line each. */
  around (operation: Operation): string[] {
    const [fromMs, toMs] = [operation.startedMs - 8000, (operation.endedMs ?? this.now()) + 500]
    const near = [
      ...this.operations.filter(({ client, startedMs }) => client === operation.client && startedMs >= fromMs && startedMs <= toMs).map((each) => ({ atMs: each.startedMs, text: textOf(each) })),
      ...this.disturbances.filter(({ startedMs, healedMs }) => startedMs <= toMs && (healedMs ?? toMs) >= fromMs).map(({ name, target, startedMs, healedMs }) => ({ atMs: startedMs, text: `** ${name} ${target}, healed at ${healedMs ?? '-'}` }))
    ]
    return near.sort((a, b) => a.atMs - b.atMs).slice(-30).map(({ atMs, text }) => `${String(atMs).padStart(8)} ms  ${text}`)
  }
}

/** One operation as a line. */
export function textOf ({ client, era, kind, nonce, session, endedMs, startedMs, fate, detail, text, replica, isLossDeclared }: Operation): string {
  const took = endedMs === undefined ? 'open' : `${endedMs - startedMs} ms`
  return `${client} ${era} ${kind} ${nonce}${session === undefined ? '' : ` in ${session}`} -> ${fate ?? '-'} ${detail ?? ''} ${text ?? ''} (${took}, ${replica ?? 'nobody'}${isLossDeclared === true ? ', loss declared' : ''})`
}
