import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createPublicFile } from './public-file.ts'
import type { PublicFile } from './public-file.ts'

/** Links are relative, because a proxy may serve the gateway below a path of its own. No scripts or styles in the page itself. */
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drawbridge API</title>
<link rel="icon" href="docs/favicon.png" type="image/png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<script src="docs/swagger-ui.js" defer></script>
<script src="docs/start.js" defer></script>
</head>
<body>
<main id="api">The documentation needs JavaScript. <a href="openapi.json">openapi.json</a> does not.</main>
</body>
</html>
`

/**
 * Asks nobody else: no validator, no other origin. What is tried out goes to the address that the page came from, whatever the
 * public one is: a key that is typed in goes nowhere else, and is forgotten with the page.
 */
const START = `'use strict'
const here = new URL('.', document.baseURI).href
fetch(here + 'openapi.json').then((answer) => answer.json()).then((spec) => {
  SwaggerUIBundle({
    spec: { ...spec, servers: [{ url: here.replace(/\\/$/, ''), description: 'This gateway' }] },
    dom_id: '#api',
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true
  })
}).catch(() => { document.querySelector('#api').textContent = 'openapi.json could not be read. Try again.' })
`

const ASSETS = [
  { name: 'swagger-ui.css', file: 'swagger-ui.css', contentType: 'text/css; charset=utf-8' },
  { name: 'swagger-ui.js', file: 'swagger-ui-bundle.js', contentType: 'text/javascript; charset=utf-8' },
  { name: 'favicon.png', file: 'favicon-32x32.png', contentType: 'image/png' }
] as const

/** What the page may do besides standing there: load its own files and speak to its own gateway. The other routes keep `default-src 'none'`. */
export const PAGE_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The page and everything that it loads, by path. Each is read and compressed when it is first asked for. */
export const DOCS_FILES: ReadonlyMap<string, () => Promise<PublicFile>> = new Map([
  ['/docs', () => createPublicFile('text/html; charset=utf-8', PAGE)],
  ['/docs/start.js', () => createPublicFile('text/javascript; charset=utf-8', START)],
  ...ASSETS.map(({ name, file, contentType }) => [`/docs/${name}`, async () => await createPublicFile(contentType, await readFile(pathOf(file)))] as const)
])

/** Swagger UI as @fastify/swagger-ui packs it; its own server and page are not used: more paths, and no copies that are compressed once. */
function pathOf (file: string): string {
  return fileURLToPath(new URL(`static/${file}`, import.meta.resolve('@fastify/swagger-ui/package.json')))
}
