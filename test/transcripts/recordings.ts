import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { clientFile } from '../helpers/programs.ts'
import { roomyLimits } from '../helpers/server-entries.ts'
import { converse, type Speaker } from './conversation.ts'
import { createRecorder } from './recorder.ts'
import { capabilities, createSdk1Speaker, createSdk2Speaker, type SpeakerTarget } from './speakers.ts'
import type { Transcript } from './transcript.ts'

const SERVER = 'echo'

/** One recorded client. */
export interface Recording {
  /** Names the file, too. */
  readonly name: string
  /** `package.json` of what speaks. */
  readonly packageFile: string
  createSpeaker (target: SpeakerTarget): Speaker | Promise<Speaker>
}

const sdk1Package = fileURLToPath(new URL('../../node_modules/@modelcontextprotocol/sdk/package.json', import.meta.url))
const sdk2Package = clientFile('@modelcontextprotocol/client/package.json')

export const recordings: readonly Recording[] = [
  { name: 'sdk1', packageFile: sdk1Package, createSpeaker: createSdk1Speaker },
  { name: 'sdk2-legacy', packageFile: sdk2Package, createSpeaker: (target) => createSdk2Speaker('legacy', target) },
  { name: 'sdk2-modern', packageFile: sdk2Package, createSpeaker: (target) => createSdk2Speaker({ pin: '2026-07-28' }, target) }
]

/** Where a recording is kept. */
export function fixtureOf ({ name }: Recording): URL {
  return new URL(`../fixtures/transcripts/${name}.json`, import.meta.url)
}

/**
 * A gateway with the echo server. Every recording has a user and so a worker of its own, which is up already: what comes at
 * once then does not depend on how fast the machine starts it.
 */
export async function startTranscriptGateway (users: readonly string[]): Promise<TestGateway> {
  const file = fileURLToPath(new URL('../fixtures/stdio-servers/echo.mjs', import.meta.url))
  const gateway = await startGateway({
    users: users.map((user) => ({ tenant: 'acme', user })),
    config: { mcpServers: { [SERVER]: { command: process.execPath, args: [file], roots: 'relay' } }, limits: roomyLimits }
  })
  for (const user of users) {
    const wire = gateway.wire(user, SERVER)
    await wire.open({ capabilities })
    await wire.call('echo', { text: 'ready' })
    await wire.end()
  }
  return gateway
}

/** What stands for `{placeholders}` in every request of this user. */
export function knownOf (gateway: TestGateway, user: string): Readonly<Record<string, string>> {
  return { key: gateway.keyOf(user).text }
}

/** Has the conversation with the SDK that is installed. @param user whose worker is used by nobody else meanwhile */
export async function record (recording: Recording, gateway: TestGateway, user: string): Promise<Transcript> {
  const recorder = createRecorder()
  const speaker = await recording.createSpeaker({ url: `${gateway.url}/servers/${SERVER}/mcp`, headers: gateway.keyOf(user).bearer, recorder })
  await converse(speaker, recorder)
  const { name, version } = JSON.parse(await readFile(recording.packageFile, 'utf8')) as { name: string, version: string }
  return recorder.transcript(`${name} ${version}`, knownOf(gateway, user))
}
