#pragma once

// Failures on demand, for tests and campaigns. In the environment, CONCDEMO_FAULT=POINT:COUNT:ACTION[:RANK] strikes
// when that rank (every rank without one) comes to the POINT for the COUNT-th time. Points stand before the system
// call they are named for. Actions: kill (SIGKILL), hang, throw, and eio, enospc, edquot (the call fails so).
namespace concdemo::fault {

// Reads the environment, once this process knows its rank; usage Error for what it cannot read.
void arm(int rank);

// 0, or the errno value to fail with; costs one load while nothing is armed. Any thread may call it.
int at(const char* point);
void pass(const char* point);  // the same where no call can fail: throws system Error

}  // namespace concdemo::fault
