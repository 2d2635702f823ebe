import assert from 'node:assert/strict'

/** The part of the SDK's client that the scenarios need. */
export interface DrivenClient {
  listTools (): Promise<{ tools: ReadonlyArray<{ readonly name: string, readonly inputSchema: unknown }> }>
  callTool (params: { name: string, arguments: Record<string, unknown> }): Promise<unknown>
  listResources (): Promise<{ resources: ReadonlyArray<{ readonly uri: string }> }>
  readResource (params: { uri: string }): Promise<unknown>
  listPrompts (): Promise<{ prompts: ReadonlyArray<{ readonly name: string }> }>
  getPrompt (params: { name: string }): Promise<unknown>
  setRequestHandler (method: string, handler: (request: { readonly params: ElicitParams }) => unknown): void
}

interface ElicitParams {
  readonly requestedSchema?: { readonly properties?: Readonly<Record<string, { readonly default?: unknown, readonly type?: string }>> }
}

/** What a client of some agent does in a scenario. @param context what the suite tells beside the URL */
type Action = (client: DrivenClient, context: Readonly<Record<string, unknown>>) => Promise<void>

/** By name of the scenario. Scenarios of authorization are not here. */
export const actions: Readonly<Record<string, Action>> = {
  // The server of this one has nothing; that it was greeted is the point.
  initialize: async (client) => { await client.listTools().catch(() => {}) },
  tools_call: async (client) => {
    await client.listTools()
    await client.callTool({ name: 'add_numbers', arguments: { a: 5, b: 3 } })
  },
  'elicitation-sep1034-client-defaults': async (client) => {
    acceptForms(client)
    await callEveryTool(client)
  },
  'sse-retry': async (client) => { await callEveryTool(client) },
  'request-metadata': async (client) => { await client.listTools() },
  'sep-2322-client-request-state': async (client) => {
    // The unrelated call is made while another one waits for its answer.
    acceptForms(client, () => client.callTool({ name: 'test_mrtr_unrelated', arguments: {} }))
    await client.listTools()
    for (const name of ['test_mrtr_echo_state', 'test_mrtr_no_state', 'test_mrtr_no_result_type']) await client.callTool({ name, arguments: {} })
  },
  'http-standard-headers': async (client) => {
    await callEveryTool(client)
    for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri })
    for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name })
  },
  'http-custom-headers': async (client, context) => {
    await client.listTools()
    for (const call of context['toolCalls'] as Array<{ name: string, arguments: Record<string, unknown> }>) await client.callTool(call)
  },
  'http-invalid-tool-headers': async (client) => { assert.deepEqual(await callEveryTool(client, { region: 'us-east1' }), ['valid_tool']) },
  'json-schema-ref-no-deref': async (client) => {
    await client.listTools()
    await client.callTool({ name: 'lookup_user', arguments: {} }).catch(() => {})
  },
  'json-schema-2020-12-preservation': async (client) => {
    const schema = (await client.listTools()).tools.find((tool) => tool.name === 'json_schema_2020_12_tool')?.inputSchema
    await client.callTool({ name: 'json_schema_echo', arguments: { schema } })
  }
}

/** Calls each tool it is shown. @returns their names */
async function callEveryTool (client: DrivenClient, args: Record<string, unknown> = {}): Promise<string[]> {
  const { tools } = await client.listTools()
  for (const { name } of tools) await client.callTool({ name, arguments: args })
  return tools.map((tool) => tool.name)
}

/** Accepts every form with its defaults; a boolean without one is true. @param meanwhile done before the answer is given */
function acceptForms (client: DrivenClient, meanwhile: () => Promise<unknown> = async () => {}): void {
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    await meanwhile()
    const fields = Object.entries(params.requestedSchema?.properties ?? {})
    const content = Object.fromEntries(fields.map(([name, field]) => [name, field.default ?? (field.type === 'boolean' ? true : undefined)]))
    return { action: 'accept', content }
  })
}
