// Executes a definition with the npm package `aws-local-stepfunctions`; every Task answers as its case says.
//
// Reads   from standard input [{definition, input, context, tasks: {<state>: [<answer>, ...]}}], where an answer is
//         {result}, {error, cause} or {never: true}; the last one is repeated
// Writes  to standard output [{visited: [<state>], requests: [[<state>, <parameters>]], status, output | error, cause}]
// Run     NODE_PATH=<folder>/node_modules node run.cjs

// All that the package needs of Node 22; the rest of it runs on Node 18 and 20 as well.
Promise.withResolvers ??= () => {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

const { StateMachine } = require("aws-local-stepfunctions");

async function execute({ definition, input, context, tasks }) {
  const requests = [];
  const handlers = {};
  const withoutPause = {};
  for (const [state, { Type }] of Object.entries(definition.States)) {
    if (Type !== "Task") continue;
    withoutPause[state] = 0;
    let turn = 0;
    handlers[state] = async (parameters) => {
      requests.push([state, parameters]);
      const answers = tasks[state];
      if (!answers) throw new Error(`the case has no answer of ${state}`);
      const answer = answers[Math.min(turn++, answers.length - 1)];
      if (answer.never) return new Promise(() => {});
      if ("result" in answer) return answer.result;
      throw Object.assign(new Error(answer.cause), { name: answer.error });
    };
  }
  const machine = new StateMachine(definition);
  const execution = machine.run(input, {
    overrides: { taskResourceLocalHandlers: handlers, retryIntervalOverrides: withoutPause },
    context,
  });
  return { requests, ...(await historyOf(execution)) };
}

async function historyOf(execution) {
  // A failure is in the last event as well, there with the error's own name.
  execution.result.catch(() => {});
  const visited = [];
  for await (const event of execution.eventLogs) {
    if (event.type === "StateEntered") visited.push(event.state.name);
    if (event.type === "ExecutionSucceeded") return { visited, status: "SUCCEEDED", output: event.output };
    if (event.type === "ExecutionFailed") return { visited, status: "FAILED", error: event.Error, cause: event.Cause };
  }
  throw new Error("the execution ended without a last event");
}

async function main() {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  process.stdout.write(JSON.stringify(await Promise.all(JSON.parse(text).map(execute))));
}

main();
