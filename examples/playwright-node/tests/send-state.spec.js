// What the page says when the edge gives up on a send that the server has taken.
import { expect, test as base } from "@playwright/test";
import { startEdge, startServer } from "../firstbyte.js";

const test = base.extend({
  server: async ({}, use) => {
    const server = await startServer();
    await use(server);
    await server.stop();
  },
  edge: async ({ server }, use) => {
    const edge = await startEdge(server.url, "cloudflare");
    await use(edge);
    await edge.stop();
  },
});

/** What the server itself says, past the edge. */
async function messages(server, page) {
  const session = new URL(page.url()).searchParams.get("session");
  const listed = await (await fetch(`${server.url}/session/${session}/message`)).json();
  return listed.filter(({ info }) => info.role === "user").map(({ parts }) => parts[0].text);
}

async function sendBehindDeadline(page, edge, name) {
  await page.goto(`${edge.url}/ui/${name}/`);
  await expect(page.locator("body[data-ready]")).toBeAttached();
  await edge.expireNext("*/prompt_async", "POST");
  const answered = page.waitForResponse((response) => response.url().endsWith("/prompt_async"));
  await page.getByTestId("composer").fill("hello");
  await page.getByTestId("composer").press("Enter");
  expect((await answered).status()).toBe(524);
}

test("the naive page calls a stored message failed and gives its text back", async ({ page, server, edge }) => {
  await sendBehindDeadline(page, edge, "naive");
  await expect(page.getByRole("alert")).toHaveText("Failed to send prompt: Request failed");
  await expect(page.getByTestId("composer")).toHaveValue("hello");
  await expect.poll(() => messages(server, page)).toEqual(["hello"]);
});

test("the robust page asks the server and shows the message once", async ({ page, server, edge }) => {
  await sendBehindDeadline(page, edge, "robust");
  await expect(page.getByTestId("message")).toHaveCount(1);
  await expect(page.getByTestId("status")).toHaveText("Sent.");
  await expect(page.getByTestId("composer")).toHaveValue("");
  expect(await messages(server, page)).toEqual(["hello"]);
});
