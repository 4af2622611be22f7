import { describe } from 'vitest';
import { describeWebContract } from '../integrations/web/contract.ts';
import { fastifyKit } from '../integrations/web/fastify-kit.ts';

describe(fastifyKit.name, () => describeWebContract(fastifyKit));
