/**
 * The wire of both eras as SDK v1 and SDK v2 speak it, recorded: what they sent is replayed byte for byte and has to get the
 * same answers, and the installed SDKs have to say and hear the same again, so that an upgrade of either that changes the wire is noticed.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { TestGateway } from '../helpers/gateway.ts'
import { missing } from '../helpers/programs.ts'
import { fixtureOf, knownOf, record, recordings, startTranscriptGateway } from '../transcripts/recordings.ts'
import { replay } from '../transcripts/replay.ts'
import { comparable, type Transcript } from '../transcripts/transcript.ts'

const RECORD_ANEW = 'If this is meant: node_modules/.bin/node test/fixtures/transcripts/record.mjs, and read the diff.'

describe('recorded wire transcripts', { skip: missing('clients') }, () => {
  let gateway: TestGateway
  // A call that a client has just given up may still be what its server asks about, so no two conversations share a worker.
  before(async () => { gateway = await startTranscriptGateway(recordings.flatMap(({ name }) => [name, `${name}-again`])) })
  after(() => gateway?.stop())

  for (const recording of recordings) {
    describe(recording.name, async () => {
      const transcript = JSON.parse(await readFile(fixtureOf(recording), 'utf8')) as Transcript

      it('what the client sent, byte for byte, gets the same answers', async () => {
        const answers = await replay(transcript, gateway.url, knownOf(gateway, recording.name))
        for (const [index, { step, request, answer }] of transcript.exchanges.entries()) {
          assert.deepEqual(answers[index], answer, `step "${step}", ${request.method} ${request.body ?? ''}. ${RECORD_ANEW}`)
        }
      })

      it('the installed SDK says and hears the same', async () => {
        const now = await record(recording, gateway, `${recording.name}-again`)
        assert.deepEqual(comparable(now), comparable(transcript), `recorded with ${transcript.client}, now ${now.client}. ${RECORD_ANEW}`)
      })
    })
  }
})
