/** What one look at the machine found. */
export interface Finding {
  readonly name: string
  /** weak: works, but not as well as it should. */
  readonly status: 'ok' | 'weak' | 'missing'
  /** Does something of the chosen configuration need it? Only then is `missing` a failure. */
  readonly required: boolean
  /** Version, path, number, or what went wrong; one line. */
  readonly found: string
  /** How to put it right. Only when the status is not ok. */
  readonly fix?: string
}

/** A finding that everything is as it should be. */
export function fine (name: string, required: boolean, found: string): Finding {
  return { name, status: 'ok', required, found }
}

/** Does this finding keep the gateway from doing its work? */
export function isFailure (finding: Finding): boolean {
  return finding.required && finding.status === 'missing'
}
