import swagger, { formatParamUrl } from '@fastify/swagger'
import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../app-options.ts'
import { finish } from '../openapi/description.ts'
import type { Draft, Heading } from '../openapi/description.ts'
import { publicHeading } from '../openapi/headings.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The OpenAPI document of this listener's routes, as JSON. Made when it is first asked for, after `ready`. */
    openapiText: () => string
  }
}

/** Registers @fastify/swagger, which sees every route that comes after it; only `config.docs` of them is looked at. */
export async function describeRoutes (app: FastifyInstance, heading: Heading): Promise<void> {
  const aliases = new Map<string, Set<string>>()
  await app.register(swagger, {
    stripBasePath: false,
    convertConstToEnum: false,
    openapi: { openapi: heading.openapi, info: heading.info, components: { securitySchemes: heading.securitySchemes, schemas: heading.schemas } as never },
    transform: ({ url, route }) => {
      const { docs, aliasOf } = (route as RouteOptions).config ?? {}
      if (aliasOf !== undefined) note(aliases, formatParamUrl(aliasOf), formatParamUrl(url))
      return { schema: (docs ?? { hide: true }) as never, url }
    },
    transformObject: (draft) => finish((draft as unknown as { openapiObject: Draft }).openapiObject, heading, aliases) as never
  })
  let text: string | undefined
  app.decorate('openapiText', () => {
    text ??= JSON.stringify(app.swagger())
    return text
  })
}

function note (aliases: Map<string, Set<string>>, path: string, alias: string): void {
  aliases.set(path, (aliases.get(path) ?? new Set()).add(alias))
}

/** Describes the public routes (R55, rulings 2). Nothing of it is on the way of a request. */
export default fp<AppOptions>(async (app, { settings, version }) => {
  await describeRoutes(app, publicHeading(settings.http.publicUrl, version))
}, { name: 'openapi' })
