// Writes grafana/dashboards/*.json from the code beside this file (`npm run dashboards`). What no dashboard is any more is removed.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DASHBOARDS, textOf } from './dashboards/index.ts'

const folder = fileURLToPath(new URL('../dashboards', import.meta.url))
await mkdir(folder, { recursive: true })
for (const file of await readdir(folder)) if (!DASHBOARDS.has(file.replace(/\.json$/, ''))) await rm(join(folder, file))
for (const [name, dashboard] of DASHBOARDS) {
  await writeFile(join(folder, `${name}.json`), textOf(dashboard))
  console.log(`grafana/dashboards/${name}.json: ${(dashboard.panels ?? []).filter(({ type }) => type !== 'row').length} panels`)
}
