import { median } from '../load/percentile.ts'
import type { Backend, Target } from '../targets/target.ts'
import type { Cell, Figures } from './row.ts'

/** Makes the cell of a row and target from its repeats; no repeat and a note when it could not be measured. */
export function cellOf (row: string, target: Target, of: { readonly backend: Backend, readonly sessions: number, readonly samples: readonly Figures[], readonly note?: string | undefined }): Cell {
  const { backend, sessions, samples, note } = of
  return {
    row,
    target: target.id,
    backend,
    sessions,
    users: Math.min(target.users, sessions),
    children: target.children,
    samples,
    median: medians(samples),
    ...(note === undefined ? {} : { note })
  }
}

function medians (samples: readonly Figures[]): Figures {
  const names = Object.keys(samples[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, median(samples.map((figures) => figures[name] ?? Number.NaN))]))
}
