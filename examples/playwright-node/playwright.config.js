import { defineConfig } from "@playwright/test";

// CHROMIUM: a browser that is installed already; without it, `npx playwright install chromium` gets one.
const executablePath = process.env.CHROMIUM || undefined;

export default defineConfig({
  testDir: "tests",
  reporter: "list",
  use: {
    trace: "retain-on-failure",
    launchOptions: { executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] },
  },
});
