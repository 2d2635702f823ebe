import { connectAiSdk, connectOpenAiAgents } from './matrix-agents.ts'
import type { MatrixClient, MatrixTarget } from './matrix-client.ts'
import { connectMastra } from './matrix-mastra.ts'
import { connectSdk1, connectSdk1Sse, connectSdk2 } from './matrix-sdk.ts'

export const MODERN = '2026-07-28'
export const LEGACY = '2025-11-25'

export interface ClientKind {
  readonly name: string
  /** The face of the gateway that it uses. */
  readonly face: 'mcp' | 'sse'
  /** The revision that it speaks with a gateway of both eras. */
  readonly revision: string
  connect (target: MatrixTarget): Promise<MatrixClient>
}

/** The clients of the matrix, as their makers set them up. */
export const clientKinds: readonly ClientKind[] = [
  { name: 'sdk1', face: 'mcp', revision: LEGACY, connect: connectSdk1 },
  { name: 'sdk1-sse', face: 'sse', revision: LEGACY, connect: connectSdk1Sse },
  { name: 'sdk2-legacy', face: 'mcp', revision: LEGACY, connect: (target) => connectSdk2('legacy', target) },
  { name: 'sdk2-auto', face: 'mcp', revision: MODERN, connect: (target) => connectSdk2('auto', target) },
  { name: 'sdk2-modern', face: 'mcp', revision: MODERN, connect: (target) => connectSdk2({ pin: MODERN }, target) },
  { name: 'mastra', face: 'mcp', revision: MODERN, connect: (target) => connectMastra(undefined, target) },
  { name: 'mastra-legacy', face: 'mcp', revision: LEGACY, connect: (target) => connectMastra('legacy', target) },
  { name: 'ai-sdk', face: 'mcp', revision: MODERN, connect: connectAiSdk },
  { name: 'openai-agents', face: 'mcp', revision: MODERN, connect: connectOpenAiAgents }
]
