import { setTimeout as pause } from 'node:timers/promises'
import type { ToolCall } from '../calls.ts'
import { journey } from '../journey.ts'
import { HttpClient, type Target } from './http-client.ts'
import type { Tally } from './tally.ts'

/** Goes through one journey. @returns whether every answer was what was asked for, and the first thing that was not */
export async function travel (client: HttpClient, calls: readonly ToolCall[], tally?: Tally): Promise<{ readonly fault?: string }> {
  let first: string | undefined
  const steps = journey(calls)
  for (let turn = steps.next(); turn.done !== true;) {
    const step = turn.value
    const sentMs = performance.now()
    const reply = await client.send(step)
    const fault = reply.status === 0 ? reply.body : step.fault(reply)
    tally?.request(step.name, performance.now() - sentMs, reply.status, fault)
    if (fault !== undefined) first ??= `${step.name}: ${fault}`
    turn = steps.next(reply)
  }
  return first === undefined ? {} : { fault: first }
}

export interface VirtualUserOptions {
  readonly target: Target
  readonly key: string
  readonly calls: readonly ToolCall[]
  readonly pauseMs: number
  readonly tally: Tally
}

/** Goes through journeys until `leaving` is aborted; the one it is on then is finished. */
export async function virtualUser ({ target, key, calls, pauseMs, tally }: VirtualUserOptions, leaving: AbortSignal): Promise<void> {
  const client = new HttpClient(target, key)
  try {
    while (!leaving.aborted) {
      const { fault } = await travel(client, calls, tally)
      tally.journey(fault === undefined)
      await pause(pauseMs, undefined, { signal: leaving }).catch(() => { /* Leaving ends the pause. */ })
    }
  } finally {
    client.close()
  }
}
