import { readFileSync } from 'node:fs';
import { prometheusRules, readSpec } from 'breakwater/slo';

process.stdout.write(prometheusRules(readSpec(readFileSync('slo.yaml', 'utf8'))).text);
