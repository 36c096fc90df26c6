/** The service's own process: processor, memory, event loop; looked at when somebody collects. */
import { performance } from "node:perf_hooks";
import { serviceMeter } from "./meter.js";

/** Names by OpenTelemetry's conventions for processes and for Node. */
export function observeProcess(): void {
  const meter = serviceMeter();
  meter
    .createObservableCounter("process.cpu.time", {
      description: "Processor time that the process has used.",
      unit: "s",
    })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe(user / 1e6, { "cpu.mode": "user" });
      result.observe(system / 1e6, { "cpu.mode": "system" });
    });
  meter
    .createObservableUpDownCounter("process.memory.usage", { description: "Resident memory.", unit: "By" })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  meter
    .createObservableGauge("process.uptime", { description: "Time since the process began.", unit: "s" })
    .addCallback((result) => result.observe(process.uptime()));
  let before = performance.eventLoopUtilization();
  meter
    .createObservableGauge("nodejs.eventloop.utilization", {
      description: "Share of the time since the last collection that the event loop was busy.",
      unit: "1",
    })
    .addCallback((result) => {
      const now = performance.eventLoopUtilization();
      result.observe(performance.eventLoopUtilization(now, before).utilization);
      before = now;
    });
}
