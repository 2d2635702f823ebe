import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { GATEWAY_JOB, PROMETHEUS } from './datasource.ts'

/** Marks on every chart: what changed just before a line bent. */
export function createAnnotations (): AnnotationQueryBuilder[] {
  return [
    mark('Alerts', 'red', 'count by (alertname) (ALERTS{alertstate="firing"})', '{{alertname}}', 'firing'),
    mark('Starts of a gateway', 'blue', `sum by (replica) (changes(process_start_time_seconds{job="${GATEWAY_JOB}"}[$__interval])) > 0`, 'started', '{{replica}}'),
    mark('New configurations', 'purple', 'sum by (replica) (changes(drawbridge_config_revision[$__interval])) > 0', 'new configuration', '{{replica}}')
  ]
}

function mark (name: string, color: string, expression: string, title: string, text: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder().name(name).datasource(PROMETHEUS).enable(true).iconColor(color).expr(expression).titleFormat(title).textFormat(text).step('15s')
}
