// k6 run load/k6/spike.js: the scenario `spike` of load/scenarios.ts; create.js names what it reads from the environment.
import { create } from './create.js'

const run = create('spike')

export const options = run.options
export const setup = run.setup
export const handleSummary = run.handleSummary
export default run.user
