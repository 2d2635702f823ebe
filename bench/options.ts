import { parseArgs } from 'node:util'
import type { Effort } from './rows/row.ts'

export interface Options {
  readonly quick: boolean
  /** Ids of rows and targets to keep; empty = all. Rows and targets are told apart by what exists. */
  readonly only: readonly string[]
  readonly save: boolean
  readonly effort: Effort
}

export const HELP = `npm run bench -- [options]          without options: all rows and targets, about an hour

  --quick            one short round over fewer targets, 60 to 90 s
  --only a,b,…       only these rows and / or targets (ids as in the tables)
  --fresh            start the targets of rows of calls anew for every round: medians over processes, because V8 compiles
                     the same code a little differently each time (some 13 s per round and target)
  --repeats N        rounds per row (default 3, quick 1)
  --warm-up N        seconds of load on a target that was just started, before anything is measured (default 10, quick 0)
  --seconds N        length of a window (default 2, quick 0.8)
  --no-save          write no file under bench/results
  --help             this text
`

const FULL = { fresh: false, repeats: 3, steadyMs: 10_000, warmMs: 800, forMs: 2000, remeasureAbove: 0.1, divideBy: 1 }
const QUICK = { fresh: false, repeats: 1, steadyMs: 0, warmMs: 400, forMs: 800, remeasureAbove: 1, divideBy: 10 }

/** Reads the command line; undefined when help was asked for. @throws on an unknown option. */
export function readOptions (args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      fresh: { type: 'boolean', default: false },
      repeats: { type: 'string' },
      'warm-up': { type: 'string' },
      seconds: { type: 'string' },
      'no-save': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) return undefined
  const base = values.quick ? QUICK : FULL
  const repeats = values.repeats === undefined ? base.repeats : Number(values.repeats)
  const steadyMs = values['warm-up'] === undefined ? base.steadyMs : Number(values['warm-up']) * 1000
  const forMs = values.seconds === undefined ? base.forMs : Number(values.seconds) * 1000
  return {
    quick: values.quick,
    only: values.only.split(',').filter((id) => id !== ''),
    save: !values['no-save'],
    effort: { ...base, fresh: values.fresh, steadyMs, repeats, forMs }
  }
}
