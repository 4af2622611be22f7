import { channel } from 'node:diagnostics_channel';
import type { BreakwaterEvents, EventName } from './events.ts';

/** Where an event goes beside the hub's own listeners. */
export interface EventChannel {
  /** Whether anybody is there to hear it. */
  readonly hasSubscribers: boolean;
  publish(event: unknown): void;
}

/** A channel for each event. */
export type EventChannels = Readonly<Record<EventName, EventChannel>>;

/**
 * The channels of `node:diagnostics_channel` that carry the events of every hub of the process, one for each event:
 * `breakwater:call`, `breakwater:attempt` and so on. A message is the event itself, as `breakwater.on()` gives it; its
 * `error` and `metadata` are the application's own objects.
 *
 * A subscriber that throws harms no call, but Node raises what it threw as an uncaught exception, as on all of its
 * channels.
 */
export const diagnosticsChannels: EventChannels = {
  call: channel('breakwater:call'),
  attempt: channel('breakwater:attempt'),
  retry: channel('breakwater:retry'),
  hedge: channel('breakwater:hedge'),
  failover: channel('breakwater:failover'),
  endpoint: channel('breakwater:endpoint'),
  chaos: channel('breakwater:chaos'),
  hazard: channel('breakwater:hazard'),
  update: channel('breakwater:update'),
  rejection: channel('breakwater:rejection'),
  fallback: channel('breakwater:fallback'),
  circuit: channel('breakwater:circuit'),
  slo: channel('breakwater:slo'),
  incident: channel('breakwater:incident'),
  'internal-error': channel('breakwater:internal-error'),
};

const nobody: EventChannel = { hasSubscribers: false, publish() {} };

/** Channels that lead nowhere. */
export const noChannels: EventChannels = {
  call: nobody,
  attempt: nobody,
  retry: nobody,
  hedge: nobody,
  failover: nobody,
  endpoint: nobody,
  chaos: nobody,
  hazard: nobody,
  update: nobody,
  rejection: nobody,
  fallback: nobody,
  circuit: nobody,
  slo: nobody,
  incident: nobody,
  'internal-error': nobody,
};

/**
 * Whether anybody hears an event, be it a listener or a subscriber of its channel. Node tells nobody that a channel got
 * a subscriber, so that it is asked each time; a class, since getters of an object literal are looked up slowly.
 */
export class Heard implements Readonly<Record<EventName, boolean>> {
  /** How many listeners each event has. */
  readonly listeners: Record<EventName, number> = {
    call: 0,
    attempt: 0,
    retry: 0,
    hedge: 0,
    failover: 0,
    endpoint: 0,
    chaos: 0,
    hazard: 0,
    update: 0,
    rejection: 0,
    fallback: 0,
    circuit: 0,
    slo: 0,
    incident: 0,
    'internal-error': 0,
  };
  /** Where events go beside. */
  channels: EventChannels;

  constructor(channels: EventChannels) {
    this.channels = channels;
  }

  /** Hands `event` to the subscribers of its channel. */
  publish<Name extends EventName>(name: Name, event: BreakwaterEvents[Name]): void {
    const { [name]: topic } = this.channels;
    if (topic.hasSubscribers) topic.publish(event);
  }

  get call(): boolean {
    return this.listeners.call > 0 || this.channels.call.hasSubscribers;
  }

  get attempt(): boolean {
    return this.listeners.attempt > 0 || this.channels.attempt.hasSubscribers;
  }

  get retry(): boolean {
    return this.listeners.retry > 0 || this.channels.retry.hasSubscribers;
  }

  get hedge(): boolean {
    return this.listeners.hedge > 0 || this.channels.hedge.hasSubscribers;
  }

  get failover(): boolean {
    return this.listeners.failover > 0 || this.channels.failover.hasSubscribers;
  }

  get endpoint(): boolean {
    return this.listeners.endpoint > 0 || this.channels.endpoint.hasSubscribers;
  }

  get chaos(): boolean {
    return this.listeners.chaos > 0 || this.channels.chaos.hasSubscribers;
  }

  get hazard(): boolean {
    return this.listeners.hazard > 0 || this.channels.hazard.hasSubscribers;
  }

  get update(): boolean {
    return this.listeners.update > 0 || this.channels.update.hasSubscribers;
  }

  get rejection(): boolean {
    return this.listeners.rejection > 0 || this.channels.rejection.hasSubscribers;
  }

  get fallback(): boolean {
    return this.listeners.fallback > 0 || this.channels.fallback.hasSubscribers;
  }

  get circuit(): boolean {
    return this.listeners.circuit > 0 || this.channels.circuit.hasSubscribers;
  }

  get slo(): boolean {
    return this.listeners.slo > 0 || this.channels.slo.hasSubscribers;
  }

  get incident(): boolean {
    return this.listeners.incident > 0 || this.channels.incident.hasSubscribers;
  }

  get 'internal-error'(): boolean {
    return this.listeners['internal-error'] > 0 || this.channels['internal-error'].hasSubscribers;
  }
}
