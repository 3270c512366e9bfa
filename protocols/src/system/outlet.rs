//! Where the effects of a step go.

use super::{Buffers, PacketOf, SystemChange, SystemEffect, SystemTimer, TimerOf, lift_timer};
use crate::contract::{Clock, Effect, EffectList, Protocol, When};
use crate::id::NodeId;
use crate::system::Packet;
use std::collections::VecDeque;

/// Takes the effects of a step, in order.
///
/// Most effects are messages and timers. A host that deals with them at once says how, so that
/// nothing is put together only to be taken apart again; the others come by [`Outlet::take`].
pub trait Outlet<P: Protocol> {
    /// Any effect.
    fn take(&mut self, effect: SystemEffect<P>);

    /// [`Effect::Send`].
    fn send(&mut self, to: NodeId, body: PacketOf<P>) {
        self.take(Effect::Send { to, body });
    }

    /// [`Effect::Arm`].
    fn arm(&mut self, timer: TimerOf<P>, clock: Clock, when: When) {
        self.take(Effect::Arm { timer, clock, when });
    }

    /// [`Effect::Disarm`].
    fn disarm(&mut self, timer: TimerOf<P>) {
        self.take(Effect::Disarm(timer));
    }
}

impl<P: Protocol> Outlet<P> for Vec<SystemEffect<P>> {
    fn take(&mut self, effect: SystemEffect<P>) {
        self.push(effect);
    }
}

impl<P: Protocol> Outlet<P> for VecDeque<SystemEffect<P>> {
    fn take(&mut self, effect: SystemEffect<P>) {
        self.push_back(effect);
    }
}

impl<P: Protocol> Buffers<P> {
    /// Hands out, in order, what the last step of this node left here.
    pub fn hand_out(&mut self, node: NodeId, out: &mut impl Outlet<P>) {
        match node {
            NodeId::Server(_) => hand_out::<P, _, _, _>(
                &mut self.server,
                out,
                Packet::Lock,
                SystemTimer::Server,
                SystemChange::Server,
            ),
            NodeId::Client(_) => hand_out::<P, _, _, _>(
                &mut self.client,
                out,
                |packet| packet,
                lift_timer::<P>,
                SystemChange::Client,
            ),
            NodeId::Storage => hand_out::<P, _, _, _>(
                &mut self.storage,
                out,
                Packet::Storage,
                |never| match never {},
                SystemChange::Storage,
            ),
        }
    }
}

fn hand_out<P: Protocol, M, T, C>(
    effects: &mut EffectList<M, T, C>,
    out: &mut impl Outlet<P>,
    packet: impl Fn(M) -> PacketOf<P>,
    timer: impl Fn(T) -> TimerOf<P>,
    change: impl Fn(C) -> super::ChangeOf<P>,
) {
    for effect in effects.drain() {
        match effect {
            Effect::Send { to, body } => out.send(to, packet(body)),
            Effect::Arm { timer: which, clock, when } => out.arm(timer(which), clock, when),
            Effect::Disarm(which) => out.disarm(timer(which)),
            other => out.take(other.lift(&packet, &timer, &change)),
        }
    }
}
