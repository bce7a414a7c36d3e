/** A small MTConnectStreams document of a machine that does not exist; grouped by data item, as agents write it. */
export const streamsFixture = (devices: string = deviceFixture()): string => `<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="/styles/Streams.xsl"?>
<m:MTConnectStreams xmlns:m="urn:mtconnect.org:MTConnectStreams:1.3">
  <m:Header creationTime="2026-01-05T06:10:00Z" sender="agent" instanceId="1475083573" nextSequence="13" firstSequence="1" lastSequence="12"/>
  <m:Streams>${devices}</m:Streams>
</m:MTConnectStreams>
`;

export const deviceFixture = (name = 'SAW-1', from = 0): string => {
  const place = (sequence: number, item: string, stamp: string) =>
    `dataItemId="${item}-id" name="${item}" sequence="${from + sequence}" timestamp="2026-01-05T06:${stamp}Z"`;
  return `
    <m:DeviceStream name="${name}" uuid="${name}-uuid">
      <m:ComponentStream component="Path" componentId="p">
        <m:Samples>
          <m:Load ${place(6, 'load', '01:00.250')}>12.50</m:Load>
          <m:Load ${place(2, 'load', '00:00.000')}>UNAVAILABLE</m:Load>
        </m:Samples>
        <m:Events>
          <m:Execution ${place(1, 'execution', '00:00.000')}>UNAVAILABLE</m:Execution>
          <m:Execution ${place(5, 'execution', '01:00.000')}>ACTIVE</m:Execution>
          <m:Execution ${place(10, 'execution', '04:00.000')}>PROGRAM_COMPLETED</m:Execution>
          <m:PartCount ${place(4, 'part_count', '00:59.000')}>10</m:PartCount>
          <m:PartCount ${place(11, 'part_count', '04:01.000')}>11</m:PartCount>
          <m:Program ${place(3, 'program', '00:58.000')}><![CDATA[A&B]]> &lt;7&gt;</m:Program>
          <m:AssetChanged dataItemId="asset_chg" sequence="${from + 12}" timestamp="2026-01-05T06:04:02Z" assetType=""/>
          <m:Variables ${place(9, 'vars', '03:30.000')}><m:Entry key="R1">7</m:Entry><m:Entry key="R2"><m:Cell key="x">1.0</m:Cell></m:Entry></m:Variables>
        </m:Events>
        <m:Condition>
          <m:Normal ${place(8, 'hydraulic', '03:00.000')} type="PRESSURE"/>
          <m:Fault ${place(7, 'hydraulic', '02:00.000')} type="PRESSURE" nativeCode="007" nativeSeverity="2" qualifier="HIGH">oil is hot</m:Fault>
        </m:Condition>
      </m:ComponentStream>
    </m:DeviceStream>`;
};
