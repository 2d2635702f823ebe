import { answerHeaders } from '../../plugins/openapi/description.ts'
import { guardedRefusals, openRefusals } from '../../plugins/openapi/refusals.ts'
import type { AnswerDocs, RouteDocs, Schema } from '../../plugins/openapi/route-docs.ts'
import { ref } from '../../plugins/openapi/schemas.ts'

const AT = '2026-11-22T12:00:00.000Z'

function json (description: string, schema: Schema, value: unknown): AnswerDocs {
  return { description, content: { 'application/json': { schema, examples: { answer: { value } } } } }
}

function away (description: string, schema: Schema, value: unknown): AnswerDocs {
  return { ...json(description, schema, value), headers: answerHeaders('Retry-After') }
}

/** The process answers. */
export const LIVE: RouteDocs = {
  operationId: 'live',
  summary: 'Is the process alive?',
  description: 'HEAD is answered as well. Restart the process when this stops answering, and not because of anything else.',
  tags: ['State'],
  security: [],
  response: { 200: json('It is.', { type: 'object', required: ['status'], properties: { status: { const: 'live' } } }, { status: 'live' }) },
  'x-refusals': openRefusals()
}

/** It takes traffic. */
export const READY: RouteDocs = {
  operationId: 'ready',
  summary: 'Does it take traffic?',
  description: 'No while it starts or drains, and without any key to verify credentials with. HEAD is answered as well.',
  tags: ['State'],
  security: [],
  response: {
    200: json('It does.', ref('Readiness'), { status: 'ready', reasons: [] }),
    503: away('It does not, and says why.', ref('Readiness'), { status: 'not ready', reasons: ['draining'] })
  },
  'x-refusals': openRefusals()
}

/** What it thinks of itself. */
export const HEALTH: RouteDocs = {
  operationId: 'health',
  summary: 'How is it?',
  description: 'The worst of the checks decides. A degraded gateway still takes traffic. Holds nothing of any tenant. HEAD is answered as well.',
  tags: ['State'],
  security: [],
  response: {
    200: json('Healthy or degraded.', ref('Health'), { status: 'healthy', version: '0.1.0', timestamp: AT, checks: { lifecycle: { status: 'healthy', detail: 'serving' } } }),
    503: away('Unhealthy.', ref('Health'), { status: 'unhealthy', version: '0.1.0', timestamp: AT, checks: { lifecycle: { status: 'unhealthy', detail: 'draining' } } })
  },
  'x-refusals': openRefusals()
}

/** The caller's servers. */
export const STATUS: RouteDocs = {
  operationId: 'status',
  summary: 'The caller\'s own servers',
  description: 'Servers that the caller may use, and the workers that are the caller\'s or shared with them.',
  tags: ['State'],
  response: {
    200: json('They are these.', {
      type: 'object',
      required: ['version', 'timestamp', 'servers'],
      properties: { version: { type: 'string' }, timestamp: { type: 'string', format: 'date-time' }, servers: { type: 'array', items: ref('ServerStatus') } }
    }, {
      version: '0.1.0',
      timestamp: AT,
      servers: [{ name: 'everything', state: 'running', transport: 'stdio', era: 'legacy', isolation: 'user', workers: { running: 1, starting: 0, calls_in_flight: 0 } }]
    })
  },
  'x-refusals': guardedRefusals('json')
}
