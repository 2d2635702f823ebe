/** One thing wrong with the configuration, in words an operator can act on. All faults are reported together. */
export interface ConfigFault {
  /** The file that holds the key, relative to the working directory when inside it. Absent: a flag or an environment variable. */
  readonly file?: string
  /** Where: `mcpServers.foo.args[1]`, `PORT`, `--config`. */
  readonly key: string
  /** What was expected and what was found; one line, no secret in it. */
  readonly message: string
}

/** Keys and list positions from the top of a file down to a value. */
export type Path = readonly (string | number)[]

/** Where a value was written. */
export interface Place {
  readonly file?: string | undefined
  readonly path: Path
}

/** Collects faults and warnings while the configuration is read, so that one run shows all of them. */
export interface Report {
  fault (place: Place, message: string): void
  warn (place: Place, message: string): void
  /** Is there a fault at this place or below it? Semantic checks skip what has the wrong shape already. */
  isBroken (place: Place): boolean
  faults (): ConfigFault[]
  warnings (): string[]
}

/** The place of a member of what stands at `place`. */
export function within (place: Place, ...segments: (string | number)[]): Place {
  return { file: place.file, path: [...place.path, ...segments] }
}

/** `['mcpServers', 'my server', 'args', 1]` as `mcpServers["my server"].args[1]`. */
export function formatKey (path: Path): string {
  return path.map((segment, index) => {
    if (typeof segment === 'number') return `[${segment}]`
    if (index === 0) return segment
    return /^[A-Za-z_$][\w$-]*$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`
  }).join('')
}

/** An empty report. */
export function createReport (): Report {
  const found: { place: Place, fault: ConfigFault }[] = []
  const warnings = new Set<string>()
  return {
    fault (place, message) {
      const key = formatKey(place.path)
      if (found.some(({ fault }) => fault.key === key && fault.file === place.file && fault.message === message)) return
      found.push({ place, fault: { ...(place.file === undefined ? {} : { file: place.file }), key, message } })
    },
    warn (place, message) {
      warnings.add(`${place.file === undefined ? '' : `${place.file}: `}${formatKey(place.path)}: ${message}`)
    },
    isBroken: (place) => found.some((entry) => entry.place.file === place.file && startsWith(entry.place.path, place.path)),
    faults: () => found.map(({ fault }) => fault),
    warnings: () => [...warnings]
  }
}

function startsWith (path: Path, start: Path): boolean {
  return start.every((segment, index) => path[index] === segment)
}
