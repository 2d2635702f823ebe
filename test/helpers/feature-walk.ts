import assert from 'node:assert/strict'
import type { McpClient, ToolResult } from './mcp-clients.ts'
import { until } from './until.ts'

/** What a walk needs to know about the client it drives. */
export interface WalkContext {
  readonly client: McpClient
  /** The label the client puts into its answers. */
  readonly label: string
  /** The roots that the server must be told. */
  readonly roots: readonly string[]
}

export interface Feature {
  readonly name: string
  run (context: WalkContext): Promise<void>
}

const textOf = (result: ToolResult): string => result.content.map((block) => block.text ?? '').join('\n')
const sawMethod = async (client: McpClient, method: string): Promise<void> => {
  await until(`${client.name} sees ${method}`, () => client.seen.some((entry) => entry.method === method))
}

/** Every MCP feature that server-everything has, one by one, as a client's user would meet it. */
export const everythingFeatures: readonly Feature[] = [
  {
    name: 'tools/list holds the tools that depend on client capabilities',
    run: async ({ client }) => {
      // The server adds them after `initialized`, so the first list may be earlier.
      await until('conditional tools', async () => {
        const names = (await client.listTools()).tools.map((tool) => tool.name)
        return ['echo', 'get-roots-list', 'trigger-sampling-request', 'trigger-elicitation-request'].every((name) => names.includes(name))
      })
    }
  },
  {
    name: 'tools/call',
    run: async ({ client, label }) => {
      assert.equal(textOf(await client.callTool('echo', { message: `hello ${label}` })), `Echo: hello ${label}`)
    }
  },
  {
    name: 'a wrong argument is a tool error the model can read',
    run: async ({ client }) => {
      const result = await client.callTool('get-sum', { a: 'not a number', b: 1 })
      assert.equal(result.isError, true)
    }
  },
  {
    name: 'structured content',
    run: async ({ client }) => {
      const result = await client.callTool('get-structured-content', { location: 'New York' })
      assert.ok(result.structuredContent)
    }
  },
  {
    name: 'image content',
    run: async ({ client }) => {
      const result = await client.callTool('get-tiny-image')
      assert.ok(result.content.some((block) => block.type === 'image'))
    }
  },
  {
    name: 'resources: list, templates, read',
    run: async ({ client }) => {
      assert.ok((await client.listResources()).resources.length > 0)
      assert.ok((await client.listResourceTemplates()).resourceTemplates.length > 0)
      const uri = 'demo://resource/dynamic/text/7'
      assert.equal((await client.readResource(uri)).contents[0]?.uri, uri)
    }
  },
  {
    name: 'resources: subscribe, updated, unsubscribe',
    run: async ({ client }) => {
      await client.subscribeResource('demo://resource/dynamic/text/1')
      await client.callTool('toggle-subscriber-updates')
      await sawMethod(client, 'notifications/resources/updated')
      await client.callTool('toggle-subscriber-updates')
      await client.unsubscribeResource('demo://resource/dynamic/text/1')
    }
  },
  {
    name: 'prompts: list, get, completion',
    run: async ({ client }) => {
      assert.ok((await client.listPrompts()).prompts.some((prompt) => prompt.name === 'completable-prompt'))
      const prompt = await client.getPrompt('completable-prompt', { department: 'Sales', name: 'Eve' })
      assert.match(JSON.stringify(prompt.messages), /Please promote Eve/)
      assert.deepEqual(await client.complete('completable-prompt', 'department', 'S'), ['Sales', 'Support'])
    }
  },
  {
    name: 'logging',
    run: async ({ client }) => {
      await client.setLoggingLevel('debug')
      await client.callTool('toggle-simulated-logging')
      await sawMethod(client, 'notifications/message')
      await client.callTool('toggle-simulated-logging')
    }
  },
  {
    name: 'progress',
    run: async ({ client }) => {
      const attempts: number[][] = []
      // The SDKs drop what arrives together with the answer, so a client that the machine lets wait hears less; the wire tests count all four.
      await until(`${client.name} hears three reports of progress`, async () => {
        const steps: number[] = []
        attempts.push(steps)
        const result = await client.callTool('trigger-long-running-operation', { duration: 0.4, steps: 4 }, { onprogress: ({ progress }) => { steps.push(progress) } })
        assert.match(textOf(result), /completed/)
        return steps.length >= 3
      })
      for (const steps of attempts) assert.deepEqual(steps, [1, 2, 3, 4].slice(0, steps.length))
    }
  },
  {
    name: 'cancel',
    run: async ({ client }) => {
      const aborter = new AbortController()
      const call = client.callTool('trigger-long-running-operation', { duration: 30, steps: 100 }, {
        signal: aborter.signal,
        onprogress: () => { aborter.abort(new Error('cancelled by the test')) }
      })
      await assert.rejects(call)
      assert.match(textOf(await client.callTool('echo', { message: 'still here' })), /still here/)
    }
  },
  {
    name: 'sampling round trip',
    run: async ({ client, label }) => {
      const result = await client.callTool('trigger-sampling-request', { prompt: 'say something', maxTokens: 10 })
      assert.match(textOf(result), new RegExp(`sampled by ${label}`))
    }
  },
  {
    name: 'elicitation round trip',
    run: async ({ client, label }) => {
      const result = await client.callTool('trigger-elicitation-request')
      assert.match(textOf(result), new RegExp(label))
    }
  },
  {
    name: 'roots round trip',
    run: async ({ client, roots }) => {
      await until('roots at the server', async () => {
        const text = textOf(await client.callTool('get-roots-list'))
        return roots.every((root) => text.includes(root))
      })
    }
  },
  {
    name: 'ping',
    run: async ({ client }) => {
      await client.ping()
    }
  }
]
