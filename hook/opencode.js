// Tells kruxos-hook what OpenCode's agents do, and keeps them from what the
// policy blocks. `kruxos hook install opencode` writes this file and the next
// line into it; `kruxos hook uninstall opencode` takes it away.
const command = ["kruxos-hook", "opencode"];

import { spawn, spawnSync } from "node:child_process";

// A tool waits for its hook, but not for ever.
const PATIENCE_MS = 10_000;

const failsClosed = command.includes("--fail-closed");

// Resolves with the reason why a tool is not to run; else with undefined.
function tell(event, told) {
	return new Promise((resolve) => {
		const unheard = (words) =>
			resolve(failsClosed ? `kruxos-hook ${words}` : undefined);
		const hook = spawn(
			command[0], [...command.slice(1), "--event", event],
			{ stdio: ["pipe", "pipe", "pipe"], timeout: PATIENCE_MS });
		let answer = "", reason = "";

		hook.on("error", () => unheard("could not be run"));
		hook.stdout.on("data", (bytes) => { answer += bytes; });
		hook.stderr.on("data", (bytes) => { reason += bytes; });
		hook.on("close", (code) => {
			if (code === 2)
				resolve(reason.trim() || "denied");
			else if (code !== 0)
				unheard("did not answer");
			else
				resolve(reasonOf(answer));
		});
		// One that has ended before it has read all has said what it says.
		hook.stdin.on("error", () => {});
		hook.stdin.end(JSON.stringify(told));
	});
}

// {"decision":"deny","reason":"…"}
function reasonOf(answer) {
	try {
		const { decision, reason } = JSON.parse(answer);

		return decision === "deny" ? reason || "denied" : undefined;
	} catch {
		return undefined;
	}
}

// Of what OpenCode says to everybody: sessions, questions to a person, and a
// tool that has come to nothing, of which no other hook hears.
function isTold({ type, properties }) {
	if (type === "message.part.updated")
		return properties.part?.type === "tool" &&
			properties.part.state?.status === "error";
	return type === "session.created" || type === "session.idle" ||
		type === "session.deleted" ||
		type.startsWith("permission.");
}

export const Kruxos = async () => {
	const sessions = new Set();

	// OpenCode does not say that it ends.
	process.once("exit", () => {
		for (const id of sessions)
			spawnSync(
				command[0],
				[...command.slice(1), "--event", "event:session.deleted"],
				{
					input: JSON.stringify({
						type: "session.deleted",
						properties: { sessionID: id, info: { id } },
					}),
					stdio: ["pipe", "ignore", "ignore"],
					timeout: 1000,
				});
	});

	return {
		"chat.message": async (input, output) => {
			await tell("chat.message", { input, output });
		},
		"tool.execute.before": async (input, output) => {
			const reason = await tell("tool.execute.before", { input, output });

			if (reason !== undefined)
				throw new Error(reason);
		},
		"tool.execute.after": async (input, output) => {
			await tell("tool.execute.after", { input, output });
		},
		event: async ({ event }) => {
			const id = event.properties?.info?.id;

			if (event.type === "session.created")
				sessions.add(id);
			if (event.type === "session.deleted")
				sessions.delete(id);
			if (isTold(event))
				await tell(`event:${event.type}`, event);
		},
	};
};
