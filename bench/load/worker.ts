// The load generator: a process of its own, so that the bench's bookkeeping never delays a call. Takes orders over IPC.
import { randomBytes } from 'node:crypto'
import type { ClientSession } from './client-session.ts'
import { runClosedLoop } from './closed-loop.ts'
import { runCycles } from './cycles.ts'
import { openSessions } from './open-sessions.ts'
import type { Notice, Order } from './messages.ts'

let sessions: ClientSession[] = []

const say = (notice: Notice): void => { process.send?.(notice) }

async function obey (order: Order) {
  switch (order.op) {
    case 'open': {
      const opened = await openSessions(order, runName())
      sessions = opened.sessions
      return opened.report
    }
    case 'run': return await runClosedLoop(sessions, { ...order, onWindow: (at) => { say({ at }) } })
    case 'cycles': return await runCycles(order, runName())
    case 'close': {
      const leaving = sessions
      sessions = []
      if (order.how === 'drop') for (const session of leaving) session.drop()
      else await Promise.all(leaving.map((session) => session.close()))
      return null
    }
  }
}

/** Makes every payload unique to (run, session, call). */
const runName = (): string => randomBytes(3).toString('hex')

process.on('message', (order) => {
  obey(order as Order).then(
    (report) => { say({ at: 'done', report }) },
    (error: unknown) => { say({ at: 'failed', message: error instanceof Error ? error.message : String(error) }) }
  )
})
process.on('disconnect', () => { process.exit(0) })
say({ at: 'ready' })
