import type { Recorder } from './recorder.ts'

/** What both SDKs' clients do in the recorded conversation. */
export interface Speaker {
  connect (): Promise<void>
  listTools (): Promise<unknown>
  callTool (name: string, args: Readonly<Record<string, unknown>>, options?: SpeakerCallOptions): Promise<unknown>
  listResources (): Promise<unknown>
  listResourceTemplates (): Promise<unknown>
  readResource (uri: string): Promise<unknown>
  /** @returns ends the subscription */
  subscribe (uri: string): Promise<() => Promise<unknown>>
  listPrompts (): Promise<unknown>
  getPrompt (name: string, args: Readonly<Record<string, string>>): Promise<unknown>
  complete (prompt: string, argument: string, value: string): Promise<unknown>
  /** Has the log lines of `call` sent. */
  withLogs (call: () => Promise<unknown>): Promise<unknown>
  /** Only where the era has it. */
  ping?: () => Promise<unknown>
  /** Resolves with the next update of a subscribed resource. */
  updated (): Promise<void>
  /** Everything that `connect` began has been answered. */
  settled (): Promise<void>
  /** Resolves when the aborted call has been given up on both sides. */
  cancelled (): Promise<void>
  close (): Promise<void>
}

export interface SpeakerCallOptions {
  readonly signal?: AbortSignal
  readonly onprogress?: () => void
}

const refused = async (call: Promise<unknown>): Promise<void> => {
  await call.then(() => { throw new Error('it was expected to be refused') }, () => undefined)
}

/** One fixed conversation with the echo server, every feature once. Nothing is sent before what it answers to has arrived. */
const steps: ReadonlyArray<readonly [name: string, run: (speaker: Speaker) => Promise<unknown>]> = [
  ['connect', async (speaker) => { await speaker.connect(); await speaker.settled() }],
  ['list tools', (speaker) => speaker.listTools()],
  ['call', (speaker) => speaker.callTool('echo', { text: 'grüezi' })],
  ['failing tool', (speaker) => speaker.callTool('fail', {})],
  ['unknown tool', (speaker) => refused(speaker.callTool('no-such-tool', {}))],
  ['progress', (speaker) => speaker.callTool('progress', { steps: 2, everyMs: 20 }, { onprogress: () => undefined })],
  ['elicitation', (speaker) => speaker.callTool('ask', {
    method: 'elicitation/create',
    params: { message: 'Your name?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } }
  })],
  ['sampling', (speaker) => speaker.callTool('ask', {
    method: 'sampling/createMessage', params: { messages: [{ role: 'user', content: { type: 'text', text: 'A poem' } }], maxTokens: 10 }
  })],
  ['roots', (speaker) => speaker.callTool('ask', { method: 'roots/list' })],
  ['resources', (speaker) => speaker.listResources()],
  ['resource templates', (speaker) => speaker.listResourceTemplates()],
  ['resource', (speaker) => speaker.readResource('echo://note/hello')],
  ['unknown resource', (speaker) => refused(speaker.readResource('nowhere://to-be-found'))],
  ['subscription', async (speaker) => {
    const unsubscribe = await speaker.subscribe('echo://readme')
    const updated = speaker.updated()
    await speaker.callTool('touch', { uri: 'echo://readme' })
    await updated
    await unsubscribe()
  }],
  ['prompts', (speaker) => speaker.listPrompts()],
  ['prompt', (speaker) => speaker.getPrompt('greet', { name: 'Ada' })],
  ['completion', (speaker) => speaker.complete('greet', 'name', 'al')],
  ['logging', (speaker) => speaker.withLogs(() => speaker.callTool('log', { level: 'warning', data: 'low tide' }))],
  ['ping', async (speaker) => { await speaker.ping?.() }],
  ['cancellation', async (speaker) => {
    const aborter = new AbortController()
    await refused(speaker.callTool('progress', { steps: 2, everyMs: 600_000 }, { signal: aborter.signal, onprogress: () => { aborter.abort(new Error('no longer wanted')) } }))
    await speaker.cancelled()
  }],
  ['close', (speaker) => speaker.close()]
]

/** Has the conversation. Ends it, however it goes. */
export async function converse (speaker: Speaker, recorder: Recorder): Promise<void> {
  try {
    for (const [name, run] of steps) {
      recorder.step = name
      await run(speaker)
    }
  } catch (error) {
    await speaker.close().catch(() => undefined)
    throw new Error(`step "${recorder.step}"`, { cause: error })
  }
}
