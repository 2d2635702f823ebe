/**
 * Real clients × real servers through one gateway: whatever era and transport a client has, it reaches every server of every
 * era over every transport. What a client cannot do by its own design stands in one table with the reason, and is shown to be absent.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { cannot } from '../helpers/matrix-absences.ts'
import { serverNames, startMatrix, type MatrixBench } from '../helpers/matrix-bench.ts'
import type { MatrixClient } from '../helpers/matrix-client.ts'
import { clientKinds } from '../helpers/matrix-clients.ts'
import { steps } from '../helpers/matrix-steps.ts'
import { missing } from '../helpers/programs.ts'

describe('clients × servers', { skip: missing('clients') }, () => {
  let bench: MatrixBench
  before(async () => { bench = await startMatrix(clientKinds) })
  after(() => bench?.stop())

  for (const server of serverNames) {
    describe(server, () => {
      for (const kind of clientKinds) {
        describe(kind.name, () => {
          let client: MatrixClient
          before(async () => { client = await bench.connect(kind, server) })
          after(() => client?.close())
          for (const step of steps) {
            if (cannot[kind.name]?.[step.name] === undefined) it(step.name, () => step.run({ kind, client, upstream: bench.upstream(server) }))
          }
        })
      }
    })
  }

  describe('what a client cannot do is really absent', () => {
    for (const [name, absences] of Object.entries(cannot)) {
      for (const [step, { reason, isShown }] of Object.entries(absences)) {
        it(`${name}: no ${step}, because ${reason}`, async () => {
          const kind = clientKinds.find((candidate) => candidate.name === name) ?? assert.fail(name)
          const { needs } = steps.find((candidate) => candidate.name === step) ?? assert.fail(step)
          const client = await bench.connect(kind, 'modern-http')
          try {
            assert.equal(needs && client[needs], undefined)
            await isShown(client, bench.upstream('modern-http').words)
          } finally {
            await client.close()
          }
        })
      }
    }
  })
})
