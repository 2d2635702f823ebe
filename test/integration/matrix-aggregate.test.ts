/** One client of each family on the aggregate, which has servers of every era and transport at once: each step with each of them, over one connection. */
import { after, before, describe, it } from 'node:test'
import { cannot } from '../helpers/matrix-absences.ts'
import { onAggregate } from '../helpers/matrix-aggregate.ts'
import { serverNames, startMatrix, type MatrixBench } from '../helpers/matrix-bench.ts'
import type { MatrixClient } from '../helpers/matrix-client.ts'
import { clientKinds } from '../helpers/matrix-clients.ts'
import { steps } from '../helpers/matrix-steps.ts'
import { missing } from '../helpers/programs.ts'

const kinds = clientKinds.filter(({ name }) => ['sdk1', 'sdk1-sse', 'sdk2-modern', 'mastra', 'ai-sdk', 'openai-agents'].includes(name))

describe('clients × servers, on the aggregate', { skip: missing('clients') }, () => {
  let bench: MatrixBench
  before(async () => { bench = await startMatrix(kinds) })
  after(() => bench?.stop())

  for (const kind of kinds) {
    describe(kind.name, () => {
      let client: MatrixClient
      before(async () => { client = await bench.connect(kind) })
      after(() => client?.close())
      for (const server of serverNames) {
        for (const step of steps) {
          if (cannot[kind.name]?.[step.name] === undefined) it(`${server}: ${step.name}`, () => step.run({ kind, client: onAggregate(client, server), upstream: bench.upstream(server) }))
        }
      }
    })
  }
})
