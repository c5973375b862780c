#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# usage: detect.pl FILE...
#
# What Sisimai and Mail::DeliveryStatus::BounceParser make of each: lines "FILE
# sisimai ACTION STATUS ADDRESS" and "FILE parser bounce ADDRESS".
use strict;
use warnings;
use File::Basename;
use File::Temp;
use Mail::DeliveryStatus::BounceParser;
use Sisimai;

# It warns of notices that come without their message.
local $SIG{__WARN__} = sub { };
my $scratch = File::Temp->new;

for my $path (@ARGV) {
    my $name = basename($path);
    open my $file, '<:raw', $path or die "$path: $!\n";
    my $text = do { local $/; <$file> };
    my $bounce = Mail::DeliveryStatus::BounceParser->new($text);
    for my $report ($bounce->is_bounce ? $bounce->reports : ()) {
        printf "%s parser bounce %s\n", $name, $report->get('email') // '-';
    }

    # A mailbox has lines as Unix has them.
    $text =~ s/\r\n/\n/g;
    truncate $scratch, 0;
    seek $scratch, 0, 0;
    print $scratch $text;
    $scratch->flush;
    my $found = Sisimai->make($scratch->filename, delivered => 1) // [];
    for my $one (@$found) {
        printf "%s sisimai %s %s %s\n", $name, $one->action,
            $one->deliverystatus, $one->recipient->address;
    }
}
