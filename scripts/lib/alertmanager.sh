# shellcheck shell=bash
# Who is told of alerts: instance/alertmanager/alertmanager.yml. Sourced after common.sh.
#
# .env:  ALERT_WEBHOOK_URL   gets everything, as Alertmanager's webhook (JSON)
#        RUNBOOK_BASE_URL    where docs/operations can be read; goes in front of an alert's runbook_url in Slack and PagerDuty
# files of the instance:  secrets/slack_webhook_url      a Slack channel gets everything
#                         secrets/pagerduty_routing_key  PagerDuty gets pages; tickets too, as warnings, if nobody else takes them

# A file that begins like this is written anew each time; without this line it is the operator's.
ALERTMANAGER_MARK='# Written by scripts/init from .env and secrets. Remove this line to keep changes of your own.'

# alerts_to_webhook, alerts_to_slack, alerts_to_pagerduty: one receiver's part of the configuration.
alerts_to_webhook () {
  printf '    webhook_configs:\n      - url: "%s"\n        send_resolved: true\n' "$1"
}

alerts_to_slack () {
  cat << END
    slack_configs:
      - api_url_file: /etc/alertmanager/slack_webhook_url
        send_resolved: true
        color: '{{ if eq .Status "resolved" }}good{{ else if eq .CommonLabels.severity "page" }}danger{{ else }}warning{{ end }}'
        title: '{{ .Status | toUpper }} {{ .CommonLabels.severity }}, {{ .CommonLabels.area }}: {{ len .Alerts }} of Drawbridge'
        text: '{{ range .Alerts }}{{ .Annotations.summary }} {{ .Annotations.description }} ($1{{ .Annotations.runbook_url }}){{ "\n" }}{{ end }}'
END
}

alerts_to_pagerduty () {
  cat << END
    pagerduty_configs:
      - routing_key_file: /etc/alertmanager/pagerduty_routing_key
        send_resolved: true
        severity: '{{ if eq .CommonLabels.severity "page" }}critical{{ else }}warning{{ end }}'
        description: '{{ (index .Alerts 0).Annotations.summary }}'
        details:
          runbook: '$1{{ (index .Alerts 0).Annotations.runbook_url }}'
          firing: '{{ range .Alerts.Firing }}{{ .Labels.alertname }}: {{ .Annotations.description }}{{ "\n" }}{{ end }}'
END
}

# url_of NAME: the value of .env, which may not hold what would end a quoted string.
url_of () {
  local url
  url=$(env_value "$1")
  [[ -z $url || $url =~ ^https?://[^[:space:]\'\"\\]+$ ]] || die "$1 has to be an http or https address, not '$url'"
  printf '%s' "$url"
}

# render_alertmanager [SECRETS]: the configuration on stdout, for .env and the files of the folder SECRETS (default: the instance's).
render_alertmanager () {
  local secrets=${1:-$(instance_dir)/secrets} webhook base slack='' pagerduty='' name
  webhook=$(url_of ALERT_WEBHOOK_URL) || return
  base=$(url_of RUNBOOK_BASE_URL) || return
  base=${base:+${base%/}/}
  [ ! -s "$secrets/slack_webhook_url" ] || slack=1
  [ ! -s "$secrets/pagerduty_routing_key" ] || pagerduty=1
  [ -n "$webhook$slack$pagerduty" ] || warn 'nobody is told of alerts: set ALERT_WEBHOOK_URL, or put a Slack or PagerDuty secret there (docs/operations/on-call.md)'
  printf '%s\n' "$ALERTMANAGER_MARK"
  cat "$ROOT/deploy/alertmanager/base.yml"
  printf '\nreceivers:\n'
  for name in page ticket; do
    printf '  - name: %s\n' "$name"
    [ -z "$webhook" ] || alerts_to_webhook "$webhook"
    [ -z "$slack" ] || alerts_to_slack "$base"
    if [ -n "$pagerduty" ] && { [ "$name" = page ] || [ -z "$webhook$slack" ]; }; then alerts_to_pagerduty "$base"; fi
  done
}

# make_alertmanager INSTANCE: the configuration and the secrets it names, where Alertmanager sees them. A configuration of the operator's own stays.
make_alertmanager () {
  local folder=$1/alertmanager name rendered
  for name in slack_webhook_url pagerduty_routing_key; do
    if [ -s "$1/secrets/$name" ]; then
      # Without a line end, which would be part of the address.
      tr -d '\r\n' < "$1/secrets/$name" | write_file 444 "$folder/$name"
    else
      run rm -f "$folder/$name"
    fi
  done
  if [ -s "$folder/alertmanager.yml" ] && ! head -n 1 "$folder/alertmanager.yml" | grep -qxF -- "$ALERTMANAGER_MARK"; then
    info "      is yours: $folder/alertmanager.yml"
    return
  fi
  rendered=$(render_alertmanager "$1/secrets") || return
  printf '%s\n' "$rendered" | write_file 444 "$folder/alertmanager.yml"
}
