import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { CyclesReport, Endpoint, Notice, OpenReport, Order, RunReport } from './messages.ts'

export type WindowEdge = 'window-start' | 'window-end'

export interface OpenOptions {
  /** Sessions being opened side by side. Default 8. */
  readonly atOnce?: number
  /** Each opens its GET stream too. */
  readonly streams?: boolean
  /** Each calls once, which is timed with its opening. */
  readonly firstCall?: boolean
  /** With `atOnce: 1`: from the begin of one to the begin of the next, at least. Default 0. */
  readonly everyMs?: number
}

/** The bench's hold on its load worker. One order at a time. */
export interface Driver {
  open: (endpoint: Endpoint, sessions: number, options?: OpenOptions) => Promise<OpenReport>
  run: (order: Omit<Extract<Order, { op: 'run' }>, 'op'>, onWindow?: (edge: WindowEdge) => void) => Promise<RunReport>
  cycles: (order: Omit<Extract<Order, { op: 'cycles' }>, 'op'>) => Promise<CyclesReport>
  close: (how: 'delete' | 'drop') => Promise<void>
  stop: () => void
}

const ORDER_WITHIN_MS = 120_000

/** Starts the worker on the bench's own CPU; a worker whose order overran is replaced, its sessions dropped. */
export function createDriver (): Driver {
  let worker: ChildProcess | undefined

  const obey = async (order: Order, onWindow?: (edge: WindowEdge) => void, withinMs = ORDER_WITHIN_MS) => {
    worker ??= await startWorker()
    try {
      return await exchange(worker, order, onWindow, withinMs)
    } catch (error) {
      if (error instanceof Overrun) {
        worker.kill('SIGKILL')
        worker = undefined
      }
      throw error
    }
  }

  return {
    open: async (endpoint, sessions, options = {}) =>
      await obey({ op: 'open', endpoint, sessions, atOnce: options.atOnce ?? 8, streams: options.streams ?? false, firstCall: options.firstCall ?? false, everyMs: options.everyMs ?? 0 }) as OpenReport,
    run: async (order, onWindow) => await obey({ op: 'run', ...order }, onWindow, ORDER_WITHIN_MS + order.forMs) as RunReport,
    cycles: async (order) => await obey({ op: 'cycles', ...order }) as CyclesReport,
    close: async (how) => { await obey({ op: 'close', how }) },
    stop: () => { worker?.kill('SIGTERM') }
  }
}

class Overrun extends Error {}

async function startWorker (): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('./worker.ts', import.meta.url))
  const worker = spawn(process.execPath, [file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  worker.once('message', () => { resolve() })
  worker.once('exit', () => { reject(new Error('the load worker did not start')) })
  await promise
  return worker
}

function exchange (worker: ChildProcess, order: Order, onWindow: ((edge: WindowEdge) => void) | undefined, withinMs: number): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers()
  const timer = setTimeout(() => { reject(new Overrun(`no end within ${withinMs / 1000} s`)) }, withinMs)
  const hear = (notice: Notice) => {
    if (notice.at === 'done') resolve(notice.report)
    else if (notice.at === 'failed') reject(new Error(notice.message))
    else if (notice.at !== 'ready') onWindow?.(notice.at)
  }
  const gone = () => { reject(new Overrun('the load worker ended')) }
  worker.on('message', hear)
  worker.on('exit', gone)
  worker.send(order)
  return promise.finally(() => {
    clearTimeout(timer)
    worker.off('message', hear)
    worker.off('exit', gone)
  })
}
