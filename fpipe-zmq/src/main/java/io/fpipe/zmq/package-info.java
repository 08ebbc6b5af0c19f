/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */
/**
 * ZeroMQ for Reactor: sockets as backpressured publishers and subscribers, and a remote peer as a stage of a pipeline.
 * No type of the ZeroMQ engine appears in a public signature.
 */
@NullMarked
package io.fpipe.zmq;

import org.jspecify.annotations.NullMarked;
